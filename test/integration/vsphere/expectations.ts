/** What a fleet file says that gpuinfo must make of it, and where an inventory differs; hack/vcsim/README.md describes the words. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Gpu, Host, MaintenanceWindow, NodeBinding } from "../../../src/selection/model.ts";
import { type Reason, reasons, type VirtualMachine } from "../../../src/selection/model.ts";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";

const facts = z.record(z.string(), z.json());

const expectedWindow = z.strictObject({
  startsIn: z.string().transform(parseSpan),
  lasts: z.string().transform(parseSpan).optional(),
  source: z.enum(["runningTask", "scheduledTask", "customAttribute"]),
  description: z.string().optional(),
});

const expectedHost = facts.transform((host, context) => {
  const { windows, horizon, ...rest } = host;
  const parsed = z
    .strictObject({
      windows: z.array(expectedWindow).optional(),
      horizon: z.enum(["known", "unknown"]).optional(),
    })
    .safeParse({ windows, horizon });
  if (parsed.success) return { ...parsed.data, rest };
  context.addIssue(z.prettifyError(parsed.error));
  return z.NEVER;
});

const expectation = z
  .strictObject({
    gpus: z.record(z.string(), z.array(facts)).optional(),
    pinned: z.array(z.string()).optional(),
    hosts: z.record(z.string(), expectedHost).optional(),
    machines: z.record(z.string(), facts).optional(),
    nodes: z
      .record(
        z.string(),
        z.union([
          z.strictObject({ machine: z.string() }),
          z.strictObject({ reason: z.literal(reasons) }),
        ]),
      )
      .optional(),
  })
  .refine(
    (expected) => Object.keys(expected).length > 0,
    "found no expectation, want at least one",
  );

export type Expectation = z.infer<typeof expectation>;

/** @throws ZodError that says where and what, for an unknown word too. */
export function parseExpectation(expected: unknown): Expectation {
  return expectation.parse(expected);
}

/** Times are compared with what they were when the simulator started, `startedAt`, to the minute. */
export function findDifferences(
  expected: Expectation,
  { hosts, virtualMachines }: VcenterInventory,
  bindings: readonly NodeBinding[],
  startedAt: number,
): readonly string[] {
  const differences: string[] = [];
  const compare = (where: string, found: unknown, wanted: unknown): void => {
    if (isDeepStrictEqual(found, wanted)) return;
    differences.push(`${where}: found ${JSON.stringify(found)}, want ${JSON.stringify(wanted)}`);
  };
  const machine = (name: string) => findMachine(virtualMachines, name);
  for (const [name, gpus] of Object.entries(expected.gpus ?? {})) {
    const wanted = gpus.map((gpu) => reject(gpu, gpuFields, `gpus.${name}`));
    const found = machine(name).gpus.map((gpu, index) => pickAsWanted(gpu, wanted[index] ?? gpu));
    compare(`gpus.${name}`, found, wanted);
  }
  if (expected.pinned) {
    const found = virtualMachines.filter(({ pinned }) => pinned).map(({ id }) => id);
    const wanted = expected.pinned.map((name) => machine(name).id);
    compare("pinned", found.toSorted(), wanted.toSorted());
  }
  for (const [name, { windows, horizon, rest }] of Object.entries(expected.hosts ?? {})) {
    const host = findHost(hosts, name);
    const wanted = reject(rest, hostFields, `hosts.${name}`);
    compare(`hosts.${name}`, pickAsWanted(host, wanted), wanted);
    if (horizon !== undefined) compare(`hosts.${name}.horizon`, host.horizon.kind, horizon);
    if (windows) {
      const found = host.horizon.windows.map((window, index) =>
        describeWindow(window, windows[index], startedAt),
      );
      compare(`hosts.${name}.windows`, found, windows);
    }
  }
  for (const [name, wanted] of Object.entries(expected.machines ?? {})) {
    reject(wanted, machineFields, `machines.${name}`);
    compare(`machines.${name}`, pickAsWanted(machine(name), wanted), wanted);
  }
  for (const [name, wanted] of Object.entries(expected.nodes ?? {})) {
    const found = describeBinding(bindings, name);
    const id = "machine" in wanted ? { machine: machine(wanted.machine).id } : wanted;
    compare(`nodes.${name}`, found, id);
  }
  return differences;
}

/** Fields that may be expected; a record of all of them, so that the compiler finds a new one. */
const gpuFields: Readonly<Record<keyof Gpu | "profile" | "pciId", true>> = {
  kind: true,
  vendor: true,
  model: true,
  memoryMib: true,
  movesLive: true,
  profile: true,
  pciId: true,
};
const hostFields: Readonly<Partial<Record<keyof Host, true>>> = {
  vcenter: true,
  name: true,
  cluster: true,
  connection: true,
  maintenance: true,
  inQuarantine: true,
  cpuMhz: true,
  unreadable: true,
};
const machineFields: Readonly<Partial<Record<keyof VirtualMachine, true>>> = {
  name: true,
  biosUuid: true,
  instanceUuid: true,
  inventoryPath: true,
  guestHostName: true,
  power: true,
  cpuDemandMhz: true,
  memoryUsedMib: true,
  pinned: true,
  unreadable: true,
};

type Facts = Readonly<Record<string, unknown>>;

function reject(wanted: Facts, known: Facts, where: string): Facts {
  const [unknown] = Object.keys(wanted).filter((key) => !(key in known));
  if (unknown === undefined) return wanted;
  throw new Error(`${where}.${unknown}: want one of ${Object.keys(known).join(", ")}`);
}

/** The facts that are wanted, of what was found; what is absent shows as null. */
function pickAsWanted(found: object, wanted: object): Facts {
  return Object.fromEntries(
    Object.keys(wanted).map((key) => [key, (Reflect.get(found, key) as unknown) ?? null]),
  );
}

function findMachine(machines: readonly VirtualMachine[], name: string): VirtualMachine {
  const [machine, ...others] = machines.filter((candidate) =>
    [candidate.name, candidate.inventoryPath, candidate.instanceUuid].includes(name),
  );
  if (machine !== undefined && others.length === 0) return machine;
  throw new Error(`found ${machine ? others.length + 1 : 0} virtual machines ${name}, want one`);
}

function findHost(hosts: VcenterInventory["hosts"], name: string): Host {
  const host = [...hosts.values()].find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`found no host ${name}, want it in the fleet`);
  return host;
}

const minute = 60_000;

/** The window in the words of the expectation, rounded to what is expected where it is near. */
function describeWindow(
  { startsAt, endsAt, source, description }: MaintenanceWindow,
  wanted: z.infer<typeof expectedWindow> | undefined,
  startedAt: number,
): Facts {
  return {
    startsIn: near(startsAt - startedAt, wanted?.startsIn),
    ...(endsAt === undefined ? {} : { lasts: near(endsAt - startsAt, wanted?.lasts) }),
    source,
    ...(wanted?.description === undefined ? {} : { description }),
  };
}

function near(found: number, wanted: number | undefined): number {
  return wanted !== undefined && Math.abs(found - wanted) <= minute ? wanted : found;
}

function describeBinding(
  bindings: readonly NodeBinding[],
  name: string,
): { machine: string } | { reason: Reason } {
  for (const binding of bindings) {
    if (binding.kind === "unbound" && binding.node === name) return { reason: binding.reason };
    if (binding.kind === "bound" && binding.candidate.node.name === name)
      return { machine: binding.candidate.virtualMachine.id };
  }
  throw new Error(`found no node ${name}, want it in the fleet`);
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: minute };

/** Milliseconds of `40h`, `-2h`, `1d12h`; also as a fleet file writes them, `in 40h`, `2h ago`. */
export function parseSpan(text: string): number {
  const {
    sign = "",
    span = "",
    ago,
  } = /^(?:in )?(?<sign>-?)(?<span>(?:\d+[dhm])+)(?<ago> ago)?$/.exec(text)?.groups ?? {};
  if (span === "") throw new Error(`found ${JSON.stringify(text)}, want a span such as 40h`);
  const parts = [...span.matchAll(/(\d+)([dhm])/g)];
  const length = parts.reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0),
    0,
  );
  return sign === "-" || ago !== undefined ? -length : length;
}
