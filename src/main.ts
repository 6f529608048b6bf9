/** Composes gpuinfo: builds the parts, starts them, stops them in order. The only file that ends the process. */

import { pino } from "pino";
import { GpuInfo } from "./api/gpuinfo.ts";
import { apiVersion, kind } from "./api/group.ts";
import { ClusterNodes, listed } from "./cluster-nodes.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { healthApp, metricsApp, type ReadinessCheck } from "./health.ts";
import { KubeClient } from "./kube/client.ts";
import { EventRecorder } from "./kube/events.ts";
import { applyGpuInfoStatus } from "./kube/gpuinfo-status.ts";
import { Informer } from "./kube/informer.ts";
import { leaseStore } from "./kube/lease.ts";
import { listWatch } from "./kube/list-watch.ts";
import { gpuInfos as gpuInfoResource } from "./kube/resource.ts";
import { Leadership } from "./leadership.ts";
import { MaintenanceWindows } from "./maintenance-windows.ts";
import { ManagedPods } from "./managed-pods.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createPlacementMetrics } from "./metrics/placement.ts";
import { watchWindows } from "./metrics/windows.ts";
import { NodeWatch } from "./node-watch.ts";
import { Placement } from "./placement.ts";
import { Reconciler } from "./reconciler/reconciler.ts";
import { createSelector } from "./selection/select.ts";
import { close, listen, portOf } from "./serve.ts";
import { soon } from "./soon.ts";
import { vcenterChecks } from "./vcenters/readiness.ts";
import { readVcenterSettings } from "./vcenters/settings.ts";
import { Vcenters } from "./vcenters/vcenters.ts";
import { timingsFor } from "./vsphere/timings.ts";
import { WindowStatuses } from "./window-statuses.ts";

/** Among nodes that fit, a better one is looked for this often. */
const refreshMs = 5 * 60_000;
/** Hours run down and answers age although nothing changes: everything is looked at again this often. */
const sweepEveryMs = 10_000;
/** Changes come in bursts, such as the pages of a list: this long after the first one, all are looked at together. */
const gatherMs = 50;
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

  const nodes = new ClusterNodes({
    kube,
    log,
    observer: metrics.kube,
    onChange: () => {
      vcenters.interestChanged();
      sweepSoon.call();
    },
  });
  const gpuInfos = new Informer({
    name: "gpuinfoes",
    source: listWatch(kube, gpuInfoResource),
    parse: (object) => GpuInfo.parse(object),
    log,
    observer: metrics.kube,
  });
  const windows = new MaintenanceWindows({
    kube,
    log,
    observer: metrics.kube,
    nodes: nodes.informer,
    hardMaxAgeMs: config.hardMaxAgeMs,
  });
  const { mode } = config.placement;
  const pods = mode === "off" ? undefined : new ManagedPods({ kube, log, observer: metrics.kube });

  const vcenters = new Vcenters({
    vcenters: config.vcenters.map((source) => ({
      name: source.name,
      secret: source.secret,
      readSettings: () => readVcenterSettings(source),
    })),
    nodes: () => nodes.current ?? [],
    log,
    observe: metrics.vsphere.observe,
    hardMaxAgeMs: config.hardMaxAgeMs,
    cache: {
      timings: timingsFor(config),
      maintenanceAttribute: config.maintenanceAttribute,
      maintenanceTaskTypes: config.maintenanceTaskTypes,
    },
  });
  const startedAt = Date.now();
  const isSettled = () => vcenters.settled;

  const selector = createSelector(
    () => {
      const now = new Date();
      const usageTakenAt = vcenters.usageTakenAt();
      const expectedMilliCpu = usageTakenAt && pods?.expectedMilliCpu(usageTakenAt, now);
      return {
        nodes: windows.informer.synced ? nodes.current : undefined,
        inventory: vcenters.current(),
        problems: vcenters.problems(),
        declared: windows.current(now),
        ...(expectedMilliCpu !== undefined && { expectedMilliCpu }),
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
          nodes: nodes.informer,
          gpuInfos,
          pods,
          events,
          selector,
          enqueue: (node, options) =>
            leadership.add(Placement.queueName, node, { ...options, unlessFailing: true }),
          isLeading: () => leadership.leading,
          isSettled,
        });
  const windowStatuses = new WindowStatuses({
    kube,
    observer: metrics.kube,
    windows,
    events,
    bindings: selector.bindings,
    enqueue: (name) =>
      leadership.add(WindowStatuses.queueName, name, { urgent: false, unlessFailing: true }),
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
      windowStatuses.queue,
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
    vcenters: () => vcenters.readings().filter(({ isRefused }) => !isRefused),
    isSettled,
    now: () => new Date(),
    settings: { ...config, refreshMs, simulate: config.simulateAccelerators },
  });

  const nodeWatch = new NodeWatch({
    config,
    registry: metrics.registry,
    nodes: nodes.informer,
    events,
    bindings: selector.bindings,
    isLeading: () => leadership.leading,
  });

  const sweepSoon = soon(
    gatherMs,
    async () => {
      if (!leadership.leading) return;
      await Promise.all([
        reconciler.sweep(),
        windowStatuses.sweep(),
        nodeWatch.sweep(),
        placement?.sweep(),
      ]);
    },
    (err) => log.error({ err }, "sweep failed, the next one comes soon"),
  );
  windows.onChange(() => sweepSoon.call());
  windows.informer.onChange(({ key }) =>
    leadership.add(WindowStatuses.queueName, key, { urgent: true }),
  );
  watchWindows(metrics.registry, () => windows.calendar.counts(new Date()));
  gpuInfos.onChange(({ key }) => leadership.add(statusQueue, key, { urgent: true }));
  vcenters.onChange((change) => {
    if (change === "state" || change === "health") sweepSoon.call();
  });
  const sweeper = setInterval(() => sweepSoon.call(), sweepEveryMs);

  const checks: ReadinessCheck[] = [
    ...nodes.checks,
    listed("gpuinfoes", gpuInfos),
    listed("maintenancewindows", windows.informer),
    ...vcenterChecks({
      readings: () => vcenters.readings(),
      hardMaxAgeMs: config.hardMaxAgeMs,
      canAnswer: () => vcenters.current() !== undefined,
      // Who places pods has an answer without vCenter too: that they wait. Cut off, it could not even give that one.
      isTolerated: () => placement !== undefined && Date.now() - startedAt > firstReadMs,
      now: Date.now,
    }),
    ...(placement?.checks ?? []),
    { name: "shutdown", problem: () => (stopping ? "the process is ending" : undefined) },
  ];
  metrics.vsphere.watch({ readings: () => vcenters.readings(), now: Date.now });

  let stopping = false;
  const servers = [
    await listen(healthApp(checks), config.healthAddress),
    await listen(metricsApp(metrics.registry), config.metricsAddress),
  ];
  await placement?.start();
  nodes.start();
  gpuInfos.start();
  windows.informer.start();
  // Which machines are worth reading in full depends on the nodes: without them, every answer would flip at first.
  void nodes.whenSynced().then(() => {
    if (!stopping) vcenters.start();
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
        vcenters.stop(),
        nodes.stop(),
        gpuInfos.stop(),
        windows.informer.stop(),
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
