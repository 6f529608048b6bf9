/** The CRD of MaintenanceWindow and the rights to it, on a real API server. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { maintenanceWindowKind } from "../../../src/api/maintenance-window.ts";
import { maintenanceWindows, pathOf } from "../../../src/kube/resource.ts";
import { render } from "./render.ts";
import { apply, refusalOf } from "./support.ts";

const place = pathOf(maintenanceWindows);
const { apiVersion, kind } = maintenanceWindowKind;
const once = { hosts: ["a"], start: "2026-12-01T02:00:00Z", duration: "4h" };
const weekly = { hosts: ["a"], schedule: "0 2 * * 6", duration: "4h" };
const { hosts: _hosts, ...nowhere } = once;
const { start: _start, ...never } = once;
const { duration: _duration, ...endless } = once;

let controlPlane: ControlPlane;

/** What the API server says of an object with this spec; undefined where it takes it. */
async function sayTo(spec: unknown): Promise<string | undefined> {
  const refusal = await refusalOf(controlPlane, place, {
    apiVersion,
    kind,
    metadata: { name: "x" },
    spec,
  });
  return refusal?.replaceAll('\\"', '"');
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.kubectl(["apply", "-k", "crd"]);
  const crds = ["maintenancewindows", "gpuinfoes"].map(
    (name) => `crd/${name}.${maintenanceWindowKind.group}`,
  );
  await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...crds]);
});

afterAll(async () => controlPlane?.stop());

describe("a MaintenanceWindow is taken", () => {
  it.each(["once", "monthly", "nodes"])("from the sample %s", async (name) => {
    const { spec } = parse(readFileSync(`samples/maintenance/${name}.yaml`, "utf8"));
    expect(await sayTo(spec)).toBeUndefined();
  });

  it.each<[string, object]>([
    ["for every node", { ...nowhere, nodeSelector: {} }],
    ["for what any of three names", { ...once, clusters: ["GPU Cluster 1"], nodeSelector: {} }],
    ["with an offset and parts of seconds", { ...once, start: "2026-12-01T02:00:00.5+05:30" }],
    ["of a minute", { ...once, duration: "1m" }],
    ["of 31 days", { ...once, duration: "744h0m0s" }],
    ["on the last Friday", { ...weekly, schedule: "0 2 * * FRIL" }],
    ["in a time zone with a sign", { ...weekly, timeZone: "Etc/GMT+3" }],
    ["in a time zone of an old name", { ...weekly, timeZone: "US/Pacific" }],
    [
      "with every way to select",
      {
        ...nowhere,
        nodeSelector: {
          matchLabels: { "example.com/rack": "7", empty: "" },
          matchExpressions: [
            { key: "a", operator: "In", values: ["1", "2"] },
            { key: "b", operator: "NotIn", values: [""] },
            { key: "c", operator: "Exists" },
            { key: "d", operator: "DoesNotExist", values: [] },
          ],
        },
      },
    ],
    ["with a thousand hosts", { ...once, hosts: Array.from({ length: 1_000 }, (_, i) => `h${i}`) }],
    ["whose schedule only gpuinfo can judge", { ...weekly, schedule: "61 2 * * 6" }],
  ])("%s", async (_, spec) => {
    expect(await sayTo(spec)).toBeUndefined();
  });
});

const duration = 'a duration is from "1m" to "744h" (31 days), such as "4h", "90m" or "2h30m"';
const schedule = "a schedule is five fields (minute, hour, day of month, month, day of week)";
const timeZone = "a time zone is a name of the IANA time zone database";
const oneTime = "set exactly one of start (it happens once) and schedule (it recurs)";

describe("a MaintenanceWindow is refused", () => {
  it.each<[string, unknown, string]>([
    [
      "a selector by the label that follows from maintenance",
      {
        ...once,
        nodeSelector: { matchLabels: { "topology.corinternal.com/available-until": "9999999" } },
      },
      "so maintenance cannot go by it",
    ],
    [
      "an expression on the label that follows from maintenance",
      {
        ...once,
        nodeSelector: {
          matchExpressions: [
            { key: "topology.corinternal.com/available-until", operator: "Exists" },
          ],
        },
      },
      "so maintenance cannot go by it",
    ],
    ["without a spec", undefined, "spec: Required value"],
    ["for nothing", nowhere, "set at least one of hosts, clusters and nodeSelector"],
    ["for no hosts", { ...once, hosts: [] }, "spec.hosts in body should have at least 1 items"],
    ["for a host without a name", { ...once, hosts: [""] }, "spec.hosts[0] in body should be at"],
    ["for a host twice", { ...once, hosts: ["a", "a"] }, 'spec.hosts[1]: Duplicate value: "a"'],
    ["with both times", { ...once, schedule: "0 2 * * 6" }, oneTime],
    ["with neither", never, oneTime],
    ["with a time zone beside start", { ...once, timeZone: "UTC" }, "timeZone belongs to schedule"],
    ["without a duration", endless, "spec.duration: Required value"],
    ["with an empty duration", { ...once, duration: "" }, duration],
    ["with 59 s", { ...once, duration: "59s" }, duration],
    ["with 745 h", { ...once, duration: "745h" }, duration],
    ["with days", { ...once, duration: "4d" }, duration],
    ["with a duration below zero", { ...once, duration: "-4h" }, duration],
    ["with a duration the wrong way round", { ...once, duration: "30m2h" }, duration],
    [
      "with a bare number",
      { ...once, duration: 4 },
      "spec.duration in body must be of type string",
    ],
    ["with a start without a zone", { ...once, start: "2026-12-01T02:00:00" }, "of type date-time"],
    [
      "with a start that is no day",
      { ...once, start: "2027-02-29T02:00:00Z" },
      "of type date-time",
    ],
    ["with four fields", { ...weekly, schedule: "0 2 * *" }, schedule],
    ["with seconds", { ...weekly, schedule: "0 0 2 * * 6" }, schedule],
    ["with a nickname", { ...weekly, schedule: "@weekly" }, schedule],
    ["with a zone in the schedule", { ...weekly, schedule: "TZ=UTC 0 2 * * 6" }, schedule],
    ["with an offset as zone", { ...weekly, timeZone: "+02:00" }, timeZone],
    ["with an empty zone", { ...weekly, timeZone: "" }, timeZone],
    [
      "with a typo in the zone",
      { ...weekly, timeZone: "Europe/Berln" },
      "unknown time zone Europe/Berln",
    ],
    ["with too long a reason", { ...once, reason: "x".repeat(201) }, "spec.reason: Too long"],
    ["with a key that is none", labels({ "a b": "c" }), "a key is letters, digits,"],
    ["with a value that is none", labels({ a: "b c" }), "a label's value is letters, digits,"],
    ["with In of nothing", expression("In"), "In and NotIn need values"],
    ["with Exists of something", expression("Exists", "b"), "Exists and DoesNotExist take none"],
    ["with an operator of others", expression("Gt", "1"), 'Unsupported value: "Gt"'],
  ])("%s", async (_, spec, message) => {
    const refusal = await sayTo(spec);
    expect(refusal).toContain("answered 422");
    expect(refusal).toContain(message);
  });

  function labels(matchLabels: object): object {
    return { ...once, nodeSelector: { matchLabels } };
  }

  function expression(operator: string, ...values: string[]): object {
    const matchExpressions = [{ key: "a", operator, ...(values.length > 0 && { values }) }];
    return { ...once, nodeSelector: { matchExpressions } };
  }
});

describe("kubectl", () => {
  it("explains what to write", async () => {
    // Unlike "explain", "get" looks for kinds that kubectl does not know yet.
    await controlPlane.kubectl(["get", "mw"]);
    const text = (await controlPlane.kubectl(["explain", "mw.spec"])).replaceAll(/\s+/g, " ");
    expect(text).toContain(
      'duration <string> -required- How long the maintenance lasts: from "1m" to',
    );
    expect(text).toContain('such as "0 2 * * 6" or "0 22 * * 6#1", which is the first Saturday');
    expect(text).toContain("Whatever hosts, clusters or nodeSelector names is meant");
  });
});

/** The controller that aggregates roles takes a moment. */
async function expectEventually<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let tries = 0; tries < 50; tries++) {
    const found = await attempt();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}

describe("the rights", () => {
  beforeAll(async () => {
    await controlPlane.kubectl(["create", "namespace", "gpuinfo-system"]);
    await apply(controlPlane, render("deploy/rbac"));
    for (const role of ["view", "edit", "gpuinfo-maintenance"]) {
      const args = [`--clusterrole=${role}`, `--user=${role}-user`];
      await controlPlane.kubectl(["create", "clusterrolebinding", `test-${role}`, ...args]);
    }
  });

  const controller = "system:serviceaccount:gpuinfo-system:gpuinfo";

  it.each([
    [controller, "watch", [], true],
    [controller, "patch", ["--subresource=status"], true],
    [controller, "patch", [], false],
    [controller, "delete", [], false],
    ["view-user", "list", [], true],
    ["view-user", "create", [], false],
    ["edit-user", "create", [], false],
    ["gpuinfo-maintenance-user", "create", [], true],
    ["gpuinfo-maintenance-user", "delete", [], true],
    ["gpuinfo-maintenance-user", "patch", ["--subresource=status"], false],
  ])("let %s %s %j: %s", { timeout: 60_000 }, async (user, verb, more, allowed) => {
    const can = await expectEventually(async () => {
      const args = ["auth", "can-i", verb, "maintenancewindows", ...more, `--as=${user}`];
      const said = await controlPlane.kubectl(args).catch((error: Error) => error.message);
      return /\byes\b/.test(said) === allowed ? allowed : undefined;
    });
    expect(can).toBe(allowed);
  });
});
