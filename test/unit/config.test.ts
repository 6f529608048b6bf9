import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig, variableNames } from "../../src/config.ts";

/** The one that is shipped as an example. */
const listFile = resolve("deploy/examples/two-vcenters/vcenters/vcenters.yaml");
const vcenter = { GOVMOMI_URL: "vc.example.com", GOVMOMI_USERNAME: "u", GOVMOMI_PASSWORD: "p" };

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("readConfig", () => {
  it("needs nothing but where vCenter is", () => {
    expect(readConfig(vcenter)).toMatchObject({
      leaderElection: true,
      metricsAddress: { port: 8080 },
      healthAddress: { port: 8081 },
      gpuPolicy: "exact",
      simulateAccelerators: false,
      softMaxAgeMs: 120_000,
      hardMaxAgeMs: 900_000,
      placement: {
        mode: "scheduler",
        webhookAddress: { port: 9443 },
        extenderAddress: { port: 9444 },
        tlsDir: "/etc/gpuinfo/tls",
        schedulerName: "gpuinfo-scheduler",
        extenderSchedulers: new Set(["default-scheduler"]),
        extenderClientNames: new Set(["gpuinfo-scheduler"]),
      },
    });
  });

  it("accepts the second names of vCenter's coordinates", () => {
    expect(problemsOf({ VC_HOST: "h", VC_USER: "u", VC_PASS: "p" })).toEqual([]);
  });

  it("accepts a folder instead of them, also an empty one", () => {
    expect(problemsOf({ GOVMOMI_DIR: "/etc/gpuinfo/vcenter" })).toEqual([]);
  });

  it("calls the only vCenter vcenter", () => {
    expect(readConfig({ GOVMOMI_DIR: "/etc/gpuinfo/vcenter" }).vcenters).toEqual([
      {
        name: "vcenter",
        secret: "Secret vc-creds",
        dir: "/etc/gpuinfo/vcenter",
        values: {},
        insecure: false,
      },
    ]);
  });

  it("reads a file that lists vCenters, and lets the environment say nothing about them", () => {
    expect(readConfig({ VCENTERS_FILE: listFile }).vcenters).toEqual([
      {
        name: "east",
        secret: "the Secret of vCenter east",
        dir: join(dirname(listFile), "east"),
        insecure: false,
      },
      {
        name: "west",
        secret: "the Secret of vCenter west",
        dir: join(dirname(listFile), "west"),
        insecure: false,
      },
    ]);
  });

  it("refuses such a file beside what says where one vCenter is", () => {
    const problems = problemsOf({ ...vcenter, GOVMOMI_INSECURE: "true", VCENTERS_FILE: listFile });
    expect(problems).toEqual([
      "GOVMOMI_URL is set beside VCENTERS_FILE, wanted one of the two",
      "GOVMOMI_USERNAME is set beside VCENTERS_FILE, wanted one of the two",
      "GOVMOMI_PASSWORD is set beside VCENTERS_FILE, wanted one of the two",
      "GOVMOMI_INSECURE is set beside VCENTERS_FILE, wanted one of the two",
    ]);
  });

  it("tells what is wrong with the file among the other problems", () => {
    expect(problemsOf({ VCENTERS_FILE: "/nothing.yaml", GPU_POLICY: "some" })).toEqual([
      'GPU_POLICY is "some", wanted exact or atLeast',
      expect.stringMatching(/^VCENTERS_FILE \/nothing.yaml: cannot be read: ENOENT/),
    ]);
  });

  it("reports all problems at once, by variable name", () => {
    const problems = problemsOf({
      GOVMOMI_URL: "vc.example.com",
      LEADER_ELECTION: "maybe",
      METRICS_ADDRESS: "8080",
      SOFT_MAX_AGE: "two minutes",
      GPU_POLICY: "some",
      LOG_LEVEL: "loud",
    });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "LEADER_ELECTION",
      "METRICS_ADDRESS",
      "LOG_LEVEL",
      "GPU_POLICY",
      "SOFT_MAX_AGE",
      "GOVMOMI_USERNAME",
      "GOVMOMI_PASSWORD",
    ]);
  });

  it.each([
    ["LEADER_ELECTION", "yes", 'LEADER_ELECTION is "yes", wanted true or false'],
    ["PLACEMENT_MODE", "on", 'PLACEMENT_MODE is "on", wanted off, scheduler, extender or affinity'],
    ["METRICS_ADDRESS", "host:99999", 'METRICS_ADDRESS is "host:99999", wanted HOST:PORT or :PORT'],
    [
      "SOFT_MAX_AGE",
      "0s",
      'SOFT_MAX_AGE is "0s", wanted a duration above zero such as 90s, 2m or 1h',
    ],
    ["HARD_MAX_AGE", "1m", "HARD_MAX_AGE is shorter than SOFT_MAX_AGE, wanted the same or longer"],
  ])("says of %s=%s what was found and what is wanted", (name, value, message) => {
    expect(problemsOf({ ...vcenter, [name]: value })).toEqual([message]);
  });

  it.each([
    [":0", { port: 0 }],
    ["127.0.0.1:8081", { host: "127.0.0.1", port: 8081 }],
    ["[::1]:8081", { host: "::1", port: 8081 }],
  ])("reads the address %s", (text, address) => {
    expect(readConfig({ ...vcenter, HEALTH_ADDRESS: text }).healthAddress).toEqual(address);
  });

  it("takes a variable that is set to nothing for one that is not set", () => {
    expect(readConfig({ ...vcenter, SOFT_MAX_AGE: "" }).softMaxAgeMs).toBe(120_000);
  });

  it("never repeats a password", () => {
    const problems = problemsOf({ GOVMOMI_PASSWORD: "s3cret", GPU_POLICY: "x" });
    expect(problems.join()).not.toContain("s3cret");
  });

  it("freezes what it read", () => {
    expect(Object.isFrozen(readConfig(vcenter))).toBe(true);
  });
});

describe("docs/configuration.md", () => {
  it("explains every variable, and no other", () => {
    const tables = readFileSync("docs/configuration.md", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    const explained = tables.flatMap((line) => line.match(/(?<=`)[A-Z]+_?[A-Z_]+(?=`)/g) ?? []);
    expect(explained.toSorted()).toEqual(variableNames.toSorted());
  });
});
