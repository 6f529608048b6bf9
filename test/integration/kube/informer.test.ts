import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { ControlPlane } from "../../../hack/stack/control-plane.ts";
import { GpuInfo } from "../../../src/api/gpuinfo.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { pagedList, streamedList } from "../../../src/kube/list.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import type { ReflectorTimings } from "../../../src/kube/reflector.ts";
import { gpuInfos, pathOf } from "../../../src/kube/resource.ts";
import type { Change } from "../../../src/kube/store.ts";
import {
  collection,
  createGpuInfo,
  createGpuInfos,
  type Proxy,
  quiet,
  recordingObserver,
  startProxy,
  startWithCrd,
} from "./support.ts";

const soon = { timeout: 20_000, interval: 20 };
const isAnswer = (line: string): boolean => line === "GET 200";

let controlPlane: ControlPlane;
let proxy: Proxy;

beforeAll(async () => {
  controlPlane = await startWithCrd();
  proxy = await startProxy(controlPlane);
  await createGpuInfos(controlPlane, "many", 1200);
});

afterAll(async () => {
  await proxy?.close();
  await controlPlane?.stop();
});

async function startInformer(timings: Partial<ReflectorTimings> = {}) {
  const observer = recordingObserver();
  const client = new KubeClient({ kubeconfig: proxy.kubeconfig, observer });
  const informer = new Informer({
    name: "gpuinfoes",
    source: listWatch(client, gpuInfos),
    parse: (object) => GpuInfo.parse(object),
    log: quiet,
    observer,
    timings: { backoffBaseMs: 50, backoffCapMs: 500, ...timings },
  });
  const changes: string[] = [];
  informer.onChange(({ type, key }: Change<GpuInfo>) => changes.push(`${type} ${key}`));
  informer.start();
  onTestFinished(async () => {
    await informer.stop();
    await client.close();
  });
  await informer.whenSynced();
  await vi.waitFor(() => expect(observer.heard.filter(isAnswer).length).toBeGreaterThan(1), soon);
  return { informer, changes, observer };
}

async function setHours(name: string, hours: number): Promise<void> {
  await controlPlane.api.call("PATCH", `${collection}/${name}`, { spec: { desAccTime: hours } });
}

async function remove(name: string): Promise<void> {
  await controlPlane.api.call("DELETE", `${collection}/${name}`);
}

describe("an informer on a real API server", () => {
  it.each([
    ["as a stream", streamedList, 1],
    ["in pages of 500", pagedList, 3],
  ])(
    "lists 1,200 objects %s, up to a version from which a watch can go on",
    async (_how, list, calls) => {
      const observer = recordingObserver();
      const client = new KubeClient({ kubeconfig: proxy.kubeconfig, observer });
      onTestFinished(async () => client.close());
      const names = new Set<string>();
      const live = new AbortController().signal;
      const sink = {
        add: (object: unknown) => names.add(GpuInfo.parse(object).metadata.name),
        remove: () => {},
      };
      const version = await list(client, { path: pathOf(gpuInfos) })(sink, live);
      expect(names.size).toBe(1200);
      expect(observer.heard).toEqual(Array(calls).fill("GET 200"));
      expect(BigInt(version)).toBeGreaterThan(1200n);
    },
  );

  it("follows additions, updates and deletions", async () => {
    const { informer, changes } = await startInformer();
    expect(informer.list()).toHaveLength(1200);
    changes.length = 0;

    await createGpuInfo(controlPlane, "added");
    await setHours("many-7", 250);
    await remove("many-8");

    await vi.waitFor(() => expect(changes).toHaveLength(3), soon);
    expect(changes).toEqual([
      "add default/added",
      "update default/many-7",
      "delete default/many-8",
    ]);
    expect(informer.get("default/many-7")?.spec.desAccTime).toBe(250);
    expect(informer.get("default/many-8")).toBeUndefined();
  });

  it("goes on where it was when the connection is cut, without reading the list again", async () => {
    const { changes, observer } = await startInformer();
    changes.length = 0;
    proxy.refuse();
    await setHours("many-10", 10);
    await remove("many-11");
    proxy.open();

    await vi.waitFor(() => expect(changes).toHaveLength(2), soon);
    expect(changes).toEqual(["update default/many-10", "delete default/many-11"]);
    expect(observer.heard).toContain("gpuinfoes unreachable");
    expect(observer.heard.filter((line) => line.startsWith("relisted"))).toHaveLength(1);
  });

  it("notices a connection that went silent without closing", async () => {
    const { changes, observer } = await startInformer({ inactivityMs: 1500 });
    changes.length = 0;
    proxy.hold();
    await setHours("many-12", 12);

    await vi.waitFor(() => expect(changes).toEqual(["update default/many-12"]), soon);
    expect(observer.heard).toContain("gpuinfoes timeout");
  });

  it("loses nothing when the API server restarts under it", async () => {
    const { informer, changes } = await startInformer();
    changes.length = 0;
    await controlPlane.restartApiServer("SIGKILL");
    await setHours("many-20", 20);
    await remove("many-21");

    await vi.waitFor(() => expect(changes).toHaveLength(2), soon);
    expect(new Set(changes)).toEqual(new Set(["update default/many-20", "delete default/many-21"]));
    await vi.waitFor(() => expect(informer.state.problem).toBeUndefined(), soon);
  });

  it("reads the list again when its version is too old, and tells of deletions it did not see", async () => {
    // Slow to come back, so that its old version is still what it asks for.
    const patience = { backoffBaseMs: 2000, backoffCapMs: 4000 };
    const { informer, changes, observer } = await startInformer(patience);
    const objects = informer.list().length;
    changes.length = 0;
    proxy.refuse();
    await remove("many-30");
    await setHours("many-31", 31);
    await createGpuInfo(controlPlane, "late");
    // A fresh API server remembers no changes from before its start.
    await controlPlane.restartApiServer();
    proxy.open();

    await vi.waitFor(() => expect(changes).toHaveLength(3), soon);
    expect(changes.toSorted()).toEqual([
      "add default/late",
      "delete default/many-30",
      "update default/many-31",
    ]);
    expect(informer.list()).toHaveLength(objects);
    expect(observer.heard).toContain("gpuinfoes gone");
  });

  it("reads the list again from time to time, and finds nothing missed", async () => {
    const { changes, observer } = await startInformer({ relistMs: 1000 });
    changes.length = 0;
    await setHours("many-40", 40);
    await vi.waitFor(
      () =>
        expect(observer.heard.filter((line) => line.startsWith("relisted")).length).toBeGreaterThan(
          2,
        ),
      soon,
    );
    expect(new Set(observer.heard.filter((line) => line.startsWith("relisted")))).toEqual(
      new Set(["relisted gpuinfoes, 0 missed"]),
    );
    expect(changes).toEqual(["update default/many-40"]);
  });

  it("says what is wrong while the API server is away, and keeps what it has", async () => {
    const { informer } = await startInformer();
    const objects = informer.list().length;
    proxy.refuse();
    await vi.waitFor(() => expect(informer.state.problem).toContain("gpuinfoes: GET /apis/"), soon);
    expect(informer.synced).toBe(true);
    expect(informer.list()).toHaveLength(objects);
    proxy.open();
    await vi.waitFor(() => expect(informer.state.problem).toBeUndefined(), soon);
  });
});
