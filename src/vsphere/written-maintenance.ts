/** Reads the maintenance that people wrote into a custom attribute of a host, or of what is above it: the nearest counts. */
import type { MaintenanceHorizon, MaintenanceWindow } from "../selection/model.ts";
import { mergeWindows, noMaintenance } from "../selection/windows.ts";
import { type AttributeDefinitions, readAttribute } from "./custom-attributes.ts";
import type { PropertyBag } from "./decode.ts";
import { parseIntervals } from "./intervals.ts";
import type { Ancestry } from "./places.ts";
import { nameInWords } from "./words.ts";

/** Looks from the host upwards to the root, as far as the way is known. `attribute` is the name for messages. */
export function writtenMaintenance(
  host: PropertyBag,
  { places }: Ancestry,
  definitions: AttributeDefinitions,
  attribute: string,
): MaintenanceHorizon {
  if (definitions.kind === "unknown") return { ...definitions, windows: [] };
  if (definitions.keys.size === 0) return noMaintenance;
  for (const bag of [host, ...places]) {
    const value = readAttribute(bag, definitions.keys);
    if (value.kind === "unknown") return { ...value, windows: [] };
    if (value.kind === "written")
      return horizonOf(value.texts, `${attribute} of ${nameInWords(bag)}`);
  }
  return noMaintenance;
}

function horizonOf(texts: readonly string[], where: string): MaintenanceHorizon {
  const written = texts.filter((text) => !isNone(text)).map(read);
  const windows = mergeWindows(written.flatMap((text) => text.windows)).map((window) => ({
    ...window,
    description: where,
  }));
  const problem = written.find((text) => text.problem !== undefined)?.problem;
  if (problem === undefined) return { kind: "known", windows };
  return { kind: "unknown", why: `${where}: ${problem}`, windows };
}

function isNone(text: string): boolean {
  return text.toLowerCase() === "none";
}

interface Written {
  /** Without a description. */
  readonly windows: readonly MaintenanceWindow[];
  readonly problem?: string;
}

/** What was read before: texts change seldom, hosts are looked at often, and those of a cluster share one. */
const memory = new Map<string, Written>();
const mostRemembered = 2_000;

function read(text: string): Written {
  const known = memory.get(text);
  if (known) return known;
  const { spans, ...rest } = parseIntervals(text);
  const windows = spans.map(
    (span): MaintenanceWindow => ({ ...span, source: "customAttribute", description: "" }),
  );
  if (memory.size >= mostRemembered) memory.clear();
  const written = { ...rest, windows: mergeWindows(windows) };
  memory.set(text, written);
  return written;
}
