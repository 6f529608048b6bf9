/** Our extender as main.ts composes it, over a made-up cluster that stands still or changes. */

import { pino } from "pino";
import { Registry } from "prom-client";
import { extenderApp } from "../../src/extender/app.ts";
import { createPlacementMetrics } from "../../src/metrics/placement.ts";
import type { Inventory } from "../../src/selection/model.ts";
import { createSelector } from "../../src/selection/select.ts";
import { portOf } from "../../src/serve.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import { listenTls } from "../../src/tls/listen.ts";
import { aGpu, selectionSettings, now as takenAt } from "../../test/support/builders.ts";
import { schedulerName } from "../../test/support/extender-pki.ts";
import { manyNodes } from "../../test/support/many-nodes.ts";

interface Message {
  readonly start?: { readonly servingDir: string; readonly nodes: number };
  /** Whether nodes change from now on. */
  readonly changing?: boolean;
}

const changesPerSecond = 10;
/** vCenter measures anew every 20 s; the poll that finds it reads all of it. */
const reReadMs = 20_000;

let inventory: Inventory;
let timers: NodeJS.Timeout[] = [];

const now = (): Date => takenAt;

async function start(servingDir: string, count: number): Promise<void> {
  const cluster = manyNodes(count);
  ({ inventory } = cluster);
  const log = pino({ level: "warn" });
  const { selectNodes } = createSelector(
    () => ({ nodes: cluster.nodes, inventory, now: now() }),
    selectionSettings,
  );
  const certificates = new Certificates({ dir: servingDir, log });
  await certificates.start();
  const { extender: observer } = createPlacementMetrics(new Registry());
  const options = { getGpuInfoSpec: () => undefined, softMaxAgeMs: 60_000, now, log, observer };
  const server = await listenTls(
    extenderApp({ selectNodes, ...options }),
    { host: "127.0.0.1", port: 0 },
    { name: "extender", certificates, clientNames: new Set([schedulerName]), log },
  );
  process.send?.(portOf(server));
}

/** One node after the other gets or loses its GPU: each time, verdicts change. */
function changeOne(turn: number): void {
  const machines = [...inventory.virtualMachines];
  const index = (turn * 7919) % machines.length;
  const machine = machines[index];
  if (machine === undefined) return;
  machines[index] = { ...machine, gpus: machine.gpus.length === 0 ? [aGpu] : [] };
  inventory = { ...inventory, virtualMachines: machines };
}

/** Everything is read anew: the same machines and hosts in new objects, and every CPU demand another. */
function reRead(): void {
  inventory = {
    ...inventory,
    hosts: new Map([...inventory.hosts].map(([id, host]) => [id, { ...host }])),
    virtualMachines: inventory.virtualMachines.map((machine) => ({
      ...machine,
      cpuDemandMhz: (machine.cpuDemandMhz * 31 + 17) % 1_000_003,
    })),
  };
}

function change(changing: boolean): void {
  for (const timer of timers) clearInterval(timer);
  let turn = 0;
  timers = changing
    ? [
        setInterval(() => changeOne(turn++), 1_000 / changesPerSecond),
        setInterval(reRead, reReadMs),
      ]
    : [];
}

process.on("message", (message: Message) => {
  if (message.start !== undefined) {
    void start(message.start.servingDir, message.start.nodes);
  }
  if (message.changing !== undefined) {
    change(message.changing);
    process.send?.("taken");
  }
});
process.once("disconnect", () => process.exit(0));
