/** Reads the maintenance that people wrote into a custom attribute of a host, or of what is above it: the nearest counts. */
import type { MaintenanceHorizon } from "../selection/model.ts";
import { mergeWindows, noMaintenance } from "../selection/windows.ts";
import { type AttributeDefinitions, readAttribute } from "./custom-attributes.ts";
import type { PropertyBag } from "./decode.ts";
import type { Ancestry } from "./places.ts";
import { nameInWords } from "./words.ts";
import { isNone, type WrittenTexts } from "./written-texts.ts";

/** How the attribute is read. */
export interface AttributeReading {
  /** For messages. */
  readonly name: string;
  readonly definitions: AttributeDefinitions;
  /** Keys that the attribute had earlier in this session, and has no more: it was renamed or removed. */
  readonly formerKeys: ReadonlySet<number>;
  readonly texts: WrittenTexts;
}

/** Looks from the host upwards to the root, as far as the way is known. */
export function writtenMaintenance(
  host: PropertyBag,
  { places }: Ancestry,
  { name, definitions, formerKeys, texts }: AttributeReading,
): MaintenanceHorizon {
  if (definitions.kind === "unknown") return { ...definitions, windows: [] };
  if (definitions.keys.size + formerKeys.size === 0) return noMaintenance;
  for (const bag of [host, ...places]) {
    const value = readAttribute(bag, definitions.keys);
    if (value.kind === "unknown") return { ...value, windows: [] };
    if (value.kind === "written")
      return horizonOf(value.texts, `${name} of ${nameInWords(bag)}`, texts);
    if (readAttribute(bag, formerKeys).kind === "written") return orphaned(name, bag);
  }
  return noMaintenance;
}

function horizonOf(
  written: readonly string[],
  where: string,
  texts: WrittenTexts,
): MaintenanceHorizon {
  const readings = written.filter((text) => !isNone(text)).map((text) => texts.read(text));
  const windows = mergeWindows(readings.flatMap((reading) => reading.windows)).map((window) => ({
    ...window,
    description: where,
  }));
  const problem = readings.find((reading) => reading.problem !== undefined)?.problem;
  if (problem === undefined) return { kind: "known", windows };
  return { kind: "unknown", why: `${where}: ${problem}`, windows };
}

function orphaned(name: string, bag: PropertyBag): MaintenanceHorizon {
  const why = `${nameInWords(bag)} has a text in custom attribute ${name}, which is no longer defined in vCenter: define it again, or clear the text`;
  return { kind: "unknown", why, windows: [] };
}
