/**
 * Simulation mode: makes up GPUs and maintenance, for people who have neither.
 *
 * Everything follows from the host's name, so the answers stay the same: half of the hosts have a GPU, and the
 * next maintenance is 300 to 400 hours away, for ever.
 */

import { millisecondsInAnHour } from "./hours.ts";
import type { Host, Inventory, VirtualMachine } from "./model.ts";

/** A window starts at the end of a half hour, and is moved on when that is over: so whole hours, rounded down, stay the same. */
const stepMs = millisecondsInAnHour / 2;

/** As long as a night of patches. */
const lengthMs = 4 * millisecondsInAnHour;

/** When the simulation has to be made anew although nothing else changed: the start of the half hour; ms since the Unix epoch. */
export function simulationStep(now: Date): number {
  return Math.floor(now.getTime() / stepMs) * stepMs;
}

/** @param step of `simulationStep` */
export function simulateAccelerators(inventory: Inventory, step: number): Inventory {
  const hosts = new Map<string, Host>();
  for (const [id, host] of inventory.hosts) hosts.set(id, withSimulatedWindow(host, step));
  const virtualMachines = inventory.virtualMachines.map((vm) =>
    withSimulatedGpu(vm, vm.hostId === undefined ? undefined : inventory.hosts.get(vm.hostId)),
  );
  return { ...inventory, hosts, virtualMachines };
}

/** 300 to 400. */
export function simulatedHours(hostName: string): number {
  return 300 + (hash(hostName) % 101);
}

export function simulatedGpu(hostName: string): boolean {
  return hash(`gpu of ${hostName}`) % 2 === 0;
}

function withSimulatedWindow(host: Host, step: number): Host {
  const startsAt = step + stepMs + simulatedHours(host.name) * millisecondsInAnHour;
  const window = {
    startsAt,
    endsAt: startsAt + lengthMs,
    source: "simulation",
    description: "simulated maintenance",
  } as const;
  return { ...host, horizon: { kind: "known", windows: [window] } };
}

function withSimulatedGpu(vm: VirtualMachine, host: Host | undefined): VirtualMachine {
  if (host === undefined || !simulatedGpu(host.name)) return { ...vm, gpus: [], pinned: false };
  return { ...vm, gpus: [{ kind: "vgpu", profile: "simulated", movesLive: true }], pinned: false };
}

/** FNV-1a, 32 bit, with a final mix: the low bits of plain FNV-1a follow the last character too closely. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const character of text) h = Math.imul(h ^ (character.codePointAt(0) ?? 0), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
