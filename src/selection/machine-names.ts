/** Compares the names of virtual machines with those of nodes: in any case, with a domain behind or without. */

import type { VirtualMachine } from "./model.ts";

/** Names that the machine has in full, in lower case, each once. */
export function namesOf(vm: VirtualMachine): readonly string[] {
  const name = vm.name.toLowerCase();
  const guest = toldByGuest(vm);
  return guest === "" || guest === name ? [name] : [name, guest];
}

/**
 * The name by which the machine knows itself, in lower case. Its display name stands in where VMware Tools tell none:
 * where they do, `worker-7.old` is no host name.
 */
export function guestNameOf(vm: VirtualMachine): string {
  return toldByGuest(vm) || vm.name.toLowerCase();
}

/** The machines that are called exactly so; if there is none, those of which one name is the other and a domain. */
export function calledLike(
  machines: readonly VirtualMachine[],
  nodeName: string,
): readonly VirtualMachine[] {
  const name = nodeName.toLowerCase();
  const exact = machines.filter((vm) => namesOf(vm).includes(name));
  return exact.length > 0 ? exact : machines.filter((vm) => isSameHost(guestNameOf(vm), name));
}

/** Both in lower case. Two domains are two hosts, whatever stands before them. */
export function isSameHost(a: string, b: string): boolean {
  return a === b || isShortFor(a, b) || isShortFor(b, a);
}

/** `worker-7` is for `worker-7.example.com`; `10` is not for `10.0.0.7`. */
export function isShortFor(short: string, full: string): boolean {
  return short !== "" && firstLabel(full) === short && short !== full && !isAddress.test(full);
}

export function firstLabel(name: string): string {
  const dot = name.indexOf(".");
  return dot === -1 ? name : name.slice(0, dot);
}

const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Every guest that nobody gave a name calls itself so: it tells nothing. */
const isUnnamed = /^localhost(?:\.|$)/;

function toldByGuest({ guestHostName }: VirtualMachine): string {
  const name = guestHostName.toLowerCase();
  return isUnnamed.test(name) ? "" : name;
}
