/** What a virtual machine may be of which vCenter does not show everything: what is hidden speaks for nobody. */

import type { VirtualMachine } from "./model.ts";

const powerPath = "runtime.powerState";
const namePaths: readonly string[] = ["name", "guest.hostName"];

/** False also where that may not be read. */
export function isRunning({ power }: VirtualMachine): boolean {
  return power === "poweredOn";
}

/** True also where that may not be read. */
export function mayRun(vm: VirtualMachine): boolean {
  return isRunning(vm) || vm.unreadable.includes(powerPath);
}

/** One of its names may not be read: it may be any. */
export function hidesName({ unreadable }: VirtualMachine): boolean {
  return unreadable.some((path) => namePaths.includes(path));
}
