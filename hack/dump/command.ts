/** What `npm run dump` does: read, redact, write, and say what is in the file. */
import { open, unlink } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../../src/config.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { readVcenterSettings } from "../../src/vcenters/settings.ts";
import type { VcenterSource } from "../../src/vcenters/source.ts";
import type { FleetFile } from "./fleet-file.ts";
import { readNodes, withNodes } from "./kubernetes-nodes.ts";
import { readVcenter, type VcenterContent } from "./read-vcenter.ts";
import { type Replaced, redactFleet } from "./redact.ts";
import { toFleet } from "./to-fleet.ts";

export const usage = `npm run dump -- [--output FILE] [--vcenter NAME] [--kubeconfig FILE]

Writes what gpuinfo reads of a vCenter, without names, as a fleet file that the vCenter simulator loads.
vCenter is found as by gpuinfo itself: GOVMOMI_URL, GOVMOMI_USERNAME, GOVMOMI_PASSWORD … or VCENTERS_FILE.

  --output FILE       the file to make; default gpuinfo-dump.json. It must not be there yet
  --vcenter NAME      which of several vCenters
  --kubeconfig FILE   the cluster whose nodes are to be in the file; without it there are none`;

interface Options {
  readonly output: string;
  readonly vcenter: string | undefined;
  readonly kubeconfig: string | undefined;
}

export interface Surroundings {
  /** The process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says a line to the user, on stderr. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** @throws Error with a message for the user */
export async function dump(
  args: readonly string[],
  { env, say, signal }: Surroundings,
): Promise<void> {
  const { output, vcenter, kubeconfig } = readOptions(args);
  const config = readConfig(env);
  const settings = await readVcenterSettings(chooseVcenter(config.vcenters, vcenter));
  // Before anything is read: it would be a pity to find out afterwards.
  const file = await openNew(output);
  try {
    const content = await readVcenter(settings, say, signal);
    const { maintenanceAttribute } = config;
    const named = toFleet(content, { maintenanceAttribute, now: Date.now() });
    const fleet = kubeconfig === undefined ? named : await addNodes(named, kubeconfig, say, signal);
    const redacted = redactFleet(fleet);
    await file.writeFile(`${JSON.stringify(redacted.fleet, undefined, 2)}\n`);
    for (const line of summary(output, redacted.replaced, content)) say(line);
  } catch (error) {
    await unlink(output);
    throw error;
  } finally {
    await file.close();
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      output: { type: "string", default: "gpuinfo-dump.json" },
      vcenter: { type: "string" },
      kubeconfig: { type: "string" },
    },
  });
  return { output: values.output, vcenter: values.vcenter, kubeconfig: values.kubeconfig };
}

function chooseVcenter(sources: readonly VcenterSource[], name: string | undefined): VcenterSource {
  const [first, ...others] = sources;
  const chosen =
    name === undefined && others.length === 0 ? first : sources.find((one) => one.name === name);
  if (chosen !== undefined) return chosen;
  const names = sources.map((source) => source.name).join(", ");
  throw new Error(`found --vcenter ${name ?? "not set"}, want one of ${names}`);
}

const onlyForTheOwner = 0o600;

async function openNew(path: string) {
  try {
    return await open(path, "wx", onlyForTheOwner);
  } catch (cause) {
    const there = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const message = there
      ? `${path} is there already: remove it, or give another name with --output`
      : `cannot make ${path}`;
    throw new Error(message, { cause });
  }
}

async function addNodes(
  fleet: FleetFile,
  kubeconfig: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FleetFile> {
  const client = new KubeClient({ kubeconfig });
  try {
    const nodes = await readNodes(client, signal);
    say(`Kubernetes nodes: ${nodes.length}`);
    const { fleet: complete, leftOut } = withNodes(fleet, nodes);
    if (leftOut.length > 0) say(`${leftOut.length} nodes are left out: more nodes than machines`);
    return complete;
  } finally {
    await client.close();
  }
}

const mostRefusals = 5;

function summary(output: string, replaced: Replaced, { objects }: VcenterContent): string[] {
  const refusals = [...objects.values()].flatMap(({ object, refused }) =>
    [...refused].map(([path, why]) => `${object.type} ${path}: ${why}`),
  );
  const shown = [...new Set(refusals)].slice(0, mostRefusals);
  return [
    "",
    "Replaced, the same by the same:",
    ...[...replaced].filter(([, count]) => count > 0).map(([what, count]) => `  ${count} ${what}`),
    "Left out: addresses, users, tags, other custom attributes, other labels and annotations, free text.",
    "Kept: models of cards, vGPU profiles, power and maintenance states, CPU and memory numbers, times (relative to now).",
    ...(refusals.length === 0
      ? []
      : [`vCenter did not show ${refusals.length} properties, which the file cannot tell:`]),
    ...shown.map((line) => `  ${line}`),
    "",
    `Written to ${output}, readable by you alone. Please look through it before you give it away.`,
  ];
}
