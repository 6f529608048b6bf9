/** Composes gpuinfo: builds the parts, starts them, stops them in order. The only file that ends the process. */

import { pino } from "pino";
import { GpuInfo } from "./api/gpuinfo.ts";
import { apiVersion, kind } from "./api/group.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { healthApp, metricsApp, type ReadinessCheck } from "./health.ts";
import { KubeClient } from "./kube/client.ts";
import { EventRecorder } from "./kube/events.ts";
import { applyGpuInfoStatus } from "./kube/gpuinfo-status.ts";
import { Informer } from "./kube/informer.ts";
import { leaseStore } from "./kube/lease.ts";
import { listWatch } from "./kube/list-watch.ts";
import { readMarkedNode } from "./kube/nodes.ts";
import { gpuInfos as gpuInfoResource, nodes as nodeResource } from "./kube/resource.ts";
import { Leadership } from "./leadership.ts";
import { ManagedPods } from "./managed-pods.ts";
import { createMetrics } from "./metrics.ts";
import { NodeList } from "./node-list.ts";
import { Placement } from "./placement.ts";
import { createPlacementMetrics } from "./placement-metrics.ts";
import { Reconciler } from "./reconciler/reconciler.ts";
import { machinesOfInterest } from "./selection/bind.ts";
import { createSelector } from "./selection/select.ts";
import { close, listen, portOf } from "./serve.ts";
import { soon } from "./soon.ts";
import { readVcenterSettings } from "./vcenter-settings.ts";
import { InventoryCache } from "./vsphere/inventory-cache.ts";

/** Among nodes that fit, a better one is looked for this often. */
const refreshMs = 5 * 60_000;
/** Hours run down and answers age although nothing changes: everything is looked at again this often. */
const sweepEveryMs = 10_000;
/** Changes come in bursts, such as the pages of a list: this long after the first one, all are looked at together. */
const gatherMs = 50;
/** How long a start without an inventory is nothing to report. */
const settleMs = 10_000;
/** A new replica lets the old ones answer until it has read vCenter, but not for ever. */
const firstReadMs = 30_000;
const drainMs = 4_500;
const statusQueue = "gpuinfo";
const statusWriters = 8;
/** A node that flaps changes the counts of every GPUInfo: those are written at this pace, wrong answers at any. */
const countsPerSecond = 50;

interface Running {
  stop(): Promise<void>;
}

async function start(config: Config): Promise<Running> {
  const log = pino({ level: config.logLevel });
  const metrics = createMetrics();
  const kube = new KubeClient({
    observer: metrics.kube,
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
  });

  const nodes = new Informer({
    name: "nodes",
    source: listWatch(kube, nodeResource),
    parse: readMarkedNode,
    log,
    observer: metrics.kube,
  });
  const gpuInfos = new Informer({
    name: "gpuinfoes",
    source: listWatch(kube, gpuInfoResource),
    parse: (object) => GpuInfo.parse(object),
    log,
    observer: metrics.kube,
  });
  const nodeList = new NodeList(() => nodes.list().map(({ identity }) => identity));
  const { mode } = config.placement;
  const pods = mode === "off" ? undefined : new ManagedPods({ kube, log, observer: metrics.kube });

  let unmatchedNodes = 0;
  const vcenter = new InventoryCache({
    readSettings: () => readVcenterSettings(config.vcenter),
    interest: (machines) => {
      const interest = machinesOfInterest(nodeList.current, machines);
      unmatchedNodes = interest.unmatchedNodes;
      return interest.machineIds;
    },
    unmatchedNodes: () => unmatchedNodes,
    log,
    observe: metrics.vsphere,
  });
  const startedAt = Date.now();
  const vcenterProblem = () => vcenter.health().error?.message;

  const isSettled = () => vcenter.health().phase === "broken" || Date.now() - startedAt > settleMs;

  const selector = createSelector(
    () => {
      const problem = vcenterProblem();
      const inventory = vcenter.current();
      const now = new Date();
      const expectedMilliCpu = inventory && pods?.expectedMilliCpu(inventory.usageTakenAt, now);
      return {
        nodes: nodes.synced ? nodeList.current : undefined,
        inventory,
        ...(expectedMilliCpu !== undefined && { expectedMilliCpu }),
        ...(problem !== undefined && { inventoryProblem: problem }),
        now,
      };
    },
    { ...config, simulate: config.simulateAccelerators },
  );

  const events = new EventRecorder({
    client: kube,
    instance: config.podName,
    log,
    observer: metrics.kube,
  });
  const placement =
    mode === "off" || pods === undefined
      ? undefined
      : new Placement({
          config,
          mode,
          log,
          kube,
          observer: metrics.kube,
          metrics: createPlacementMetrics(metrics.registry),
          nodes,
          gpuInfos,
          pods,
          events,
          selector,
          enqueue: (node, options) =>
            leadership.add(Placement.queueName, node, { ...options, unlessFailing: true }),
          isLeading: () => leadership.leading,
          isSettled,
        });
  const leadership: Leadership = new Leadership({
    ...(config.leaderElection && {
      election: {
        name: "gpuinfo",
        store: leaseStore(kube, config.podNamespace, "gpuinfo"),
        identity: `${config.podName}_${crypto.randomUUID()}`,
        observer: metrics.kube,
      },
    }),
    queues: [
      ...(placement === undefined ? [] : [placement.queue]),
      {
        name: statusQueue,
        workers: statusWriters,
        normalPerSecond: countsPerSecond,
        process: (key, signal) => reconciler.reconcile(key, signal),
        observer: metrics.kube,
      },
    ],
    onStart: () => sweepSoon.call(),
    log,
  });
  const reconciler: Reconciler = new Reconciler({
    selectNodes: selector.selectNodes,
    getGpuInfo: (key) => gpuInfos.get(key),
    listKeys: () => gpuInfos.list().map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    enqueue: (key, options) =>
      leadership.add(statusQueue, key, { ...options, unlessFailing: true }),
    writeStatus: (gpuInfo, status, signal) => applyGpuInfoStatus(kube, gpuInfo, status, signal),
    recordEvent: ({ metadata }, { type, reason, note }) => {
      const { namespace, name, uid } = metadata;
      events.record({
        regarding: { apiVersion, kind, namespace, name, uid },
        type,
        reason,
        action: "SelectNode",
        note,
      });
    },
    vcenterProblem,
    isSettled,
    now: () => new Date(),
    settings: { ...config, refreshMs, simulate: config.simulateAccelerators },
  });

  const sweepSoon = soon(
    gatherMs,
    async () => {
      if (!leadership.leading) return;
      await Promise.all([reconciler.sweep(), placement?.sweep()]);
    },
    (err) => log.error({ err }, "sweep failed, the next one comes soon"),
  );
  nodes.onChange(({ object, previous, type }) => {
    const before = type === "update" ? previous?.identity : undefined;
    if (!nodeList.changed(object.identity, before)) return;
    vcenter.interestChanged();
    sweepSoon.call();
  });
  gpuInfos.onChange(({ key }) => leadership.add(statusQueue, key, { urgent: true }));
  vcenter.onChange((change) => {
    if (change === "state" || change === "health") sweepSoon.call();
  });
  const sweeper = setInterval(() => sweepSoon.call(), sweepEveryMs);

  const checks: ReadinessCheck[] = [
    {
      name: "nodes",
      problem: () => (nodes.synced ? undefined : (nodes.state.problem ?? "not listed yet")),
    },
    {
      name: "gpuinfoes",
      problem: () => (gpuInfos.synced ? undefined : (gpuInfos.state.problem ?? "not listed yet")),
    },
    {
      name: "vcenter",
      problem: inventoryProblem,
      // Who places pods has an answer without vCenter too: that they wait. Cut off, it could not even give that one.
      isTolerated: () => placement !== undefined && Date.now() - startedAt > firstReadMs,
    },
    ...(placement?.checks ?? []),
    { name: "shutdown", problem: () => (stopping ? "the process is ending" : undefined) },
  ];
  function inventoryProblem(): string | undefined {
    const ageMs = inventoryAgeMs();
    if (ageMs === undefined) return vcenterProblem() ?? "not read yet";
    if (ageMs <= config.hardMaxAgeMs) return undefined;
    return `last read ${Math.round(ageMs / 1000)} s ago; ${vcenterProblem() ?? "no answer since"}`;
  }
  function inventoryAgeMs(): number | undefined {
    const takenAt = vcenter.current()?.takenAt;
    return takenAt === undefined ? undefined : Date.now() - takenAt.getTime();
  }
  metrics.watch({
    inventoryAgeSeconds: () => {
      const ageMs = inventoryAgeMs();
      return ageMs === undefined ? undefined : ageMs / 1000;
    },
    clockSkewSeconds: () => vcenter.health().clockSkewSeconds,
  });

  let stopping = false;
  const servers = [
    await listen(healthApp(checks), config.healthAddress),
    await listen(metricsApp(metrics.registry), config.metricsAddress),
  ];
  await placement?.start();
  nodes.start();
  gpuInfos.start();
  // Which machines are worth reading in full depends on the nodes: without them, every answer would flip at first.
  void nodes.whenSynced().then(() => {
    if (!stopping) vcenter.start();
  });
  void gpuInfos.whenSynced().then(() => leadership.start());
  if (config.simulateAccelerators)
    log.warn("SIMULATE_ACCELERATORS is on: GPUs and hours are made up");
  log.info({ ports: servers.map(portOf), pod: config.podName }, "started");

  return {
    async stop() {
      stopping = true;
      clearInterval(sweeper);
      sweepSoon.stop();
      // The lease goes first, so that another replica takes over while we say goodbye to vCenter.
      await leadership.stop();
      await Promise.allSettled([
        placement?.stop(),
        vcenter.stop(),
        nodes.stop(),
        gpuInfos.stop(),
        events.stop(),
      ]);
      await kube.close();
      await Promise.allSettled(servers.map(close));
      log.info("stopped");
    },
  };
}

function readConfigOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nSee docs/configuration.md.\n`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const config = readConfigOrExit();
  const running = await start(config).catch((error: unknown): never => {
    process.stderr.write(
      `gpuinfo cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  });
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    // What hangs is left behind: kubelet would kill us soon after.
    setTimeout(() => process.exit(0), drainMs).unref();
    void running.stop().finally(() => process.exit(0));
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
}

await main();
