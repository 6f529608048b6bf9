/** Finds virtual machines by what a node may know of them: a uuid, a name, a place in vCenter. */

import { mayRun } from "./machine-doubts.ts";
import { firstLabel, guestNameOf, isShortFor, namesOf } from "./machine-names.ts";
import type { VirtualMachine } from "./model.ts";

type Lookup = (key: string) => readonly VirtualMachine[];

/** Keys are in lower case, paths canonical. What nobody asks for is never built. */
export interface MachineIndex {
  readonly byBiosUuid: Lookup;
  readonly byInstanceUuid: Lookup;
  readonly byPath: Lookup;
  /** By display name and by guest host name; machines that run or may run, and so no templates. */
  readonly byName: Lookup;
  /** By a short host name, those that run or may run and have it with a domain behind. */
  readonly byShortName: Lookup;
  /** By the first label of any of their names, those that run or may run and have no uuid that we could read. */
  readonly withoutUuidByLabel: Lookup;
  /** How many have no uuid that we could read. */
  readonly withoutUuid: number;
  /** How many have no inventory path that we know. */
  readonly withoutPath: number;
}

export function indexMachines(machines: readonly VirtualMachine[]): MachineIndex {
  const awake = machines.filter(mayRun);
  const withoutUuid = machines.filter(({ biosUuid }) => biosUuid === "");
  return {
    byBiosUuid: lookup(machines, ({ biosUuid }) => [biosUuid]),
    byInstanceUuid: lookup(machines, ({ instanceUuid }) => [instanceUuid]),
    byPath: lookup(machines, ({ inventoryPath }) => [canonicalPath(inventoryPath)]),
    byName: lookup(awake, namesOf),
    byShortName: lookup(awake, shortNamesOf),
    withoutUuidByLabel: lookup(withoutUuid.filter(mayRun), labelsOf),
    withoutUuid: withoutUuid.length,
    withoutPath: machines.filter(({ inventoryPath }) => inventoryPath === "").length,
  };
}

export function isPath(text: string): boolean {
  return text.startsWith("/");
}

/** Names of machines as vCenter escapes them, however much of that the writer did: `%2F` and `%2f`, `100%` and `100%25`. */
export function canonicalPath(path: string): string {
  return path.replaceAll(
    /%(?:2f|25|5c)|%|\\/gi,
    (found) => escapes.get(found) ?? found.toLowerCase(),
  );
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["%", "%25"],
  ["\\", "%5c"],
]);

const none: readonly VirtualMachine[] = [];

function lookup(
  machines: readonly VirtualMachine[],
  keysOf: (vm: VirtualMachine) => readonly string[],
): Lookup {
  let index: ReadonlyMap<string, readonly VirtualMachine[]> | undefined;
  return (key) => {
    index ??= indexBy(machines, keysOf);
    return index.get(key) ?? none;
  };
}

function indexBy(
  machines: readonly VirtualMachine[],
  keysOf: (vm: VirtualMachine) => readonly string[],
): ReadonlyMap<string, readonly VirtualMachine[]> {
  const index = new Map<string, VirtualMachine[]>();
  for (const vm of machines) {
    for (const key of keysOf(vm)) {
      const list = index.get(key);
      if (key === "") continue;
      if (list === undefined) index.set(key, [vm]);
      else list.push(vm);
    }
  }
  return index;
}

function labelsOf(vm: VirtualMachine): readonly string[] {
  return [...new Set(namesOf(vm).map(firstLabel))];
}

function shortNamesOf(vm: VirtualMachine): readonly string[] {
  const name = guestNameOf(vm);
  const short = firstLabel(name);
  return isShortFor(short, name) ? [short] : [];
}
