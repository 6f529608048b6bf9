/** Gives the Services of gpuinfo an address on this machine, with a process that stands in for kube-proxy. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Replica } from "../pod/workload.ts";
import { startComponent, tailOf, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import type { ForwarderSpec } from "./forwarder.ts";
import type { Backend } from "./readiness.ts";

/** Where the Services are reached. */
export interface LocalServices {
  readonly webhookPort: number;
  readonly extenderPort: number;
  /** Says which replicas there are; until then, and while none of them is ready, connections are reset. */
  lead(replicas: readonly Replica[]): void;
}

const startTimeoutMs = 20_000;
const forwardedTimeoutMs = 10_000;
const openMs = 150;

/** Resolves once it listens. */
export async function startServices(home: StackHome): Promise<LocalServices> {
  const dir = path.join(home.dir, "placement", "services");
  mkdirSync(dir, { recursive: true });
  const backendsFile = path.join(dir, "backends.json");
  return onFreePorts(2, async ([webhookPort = 0, extenderPort = 0]) => {
    const listen = { webhook: webhookPort, extender: extenderPort };
    await startForwarder(home, path.join(dir, "spec.json"), { listen, backendsFile });
    return {
      webhookPort,
      extenderPort,
      lead: (replicas) => writeBackends(backendsFile, replicas.map(toBackend)),
    };
  });
}

async function startForwarder(home: StackHome, file: string, spec: ForwarderSpec): Promise<void> {
  writeFileSync(file, JSON.stringify(spec));
  const component = await startComponent(home, {
    name: "service-forwarder",
    command: process.execPath,
    args: [path.join(import.meta.dirname, "forwarder.ts"), file],
    graceMs: 500,
  });
  const probe = async () => tailOf(component.logFile).includes("listening for") || undefined;
  await untilReady(component, probe, startTimeoutMs);
}

function toBackend({ healthUrl, webhookUrl, extenderUrl }: Replica): Backend {
  return {
    readyUrl: `${healthUrl}/readyz`,
    ports: { webhook: portOf(webhookUrl), extender: portOf(extenderUrl) },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function writeBackends(file: string, backends: readonly Backend[]): void {
  writeFileSync(`${file}.new`, JSON.stringify(backends));
  renameSync(`${file}.new`, file);
}

/** Resolves once a connection to the port stays open, which means that a replica is behind it. */
export async function untilForwarded(port: number): Promise<void> {
  const deadline = Date.now() + forwardedTimeoutMs;
  while (!(await staysOpen(port))) {
    if (Date.now() > deadline) {
      throw new Error(
        `no replica is seen to be ready after ${forwardedTimeoutMs / 1_000} s; see service-forwarder.log`,
      );
    }
    await sleep(50);
  }
}

async function staysOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<false>((resolve) => {
    socket.once("error", () => undefined).once("close", () => resolve(false));
  });
  const isOpen = await Promise.race([closed, sleep(openMs, true)]);
  socket.destroy();
  return isOpen;
}
