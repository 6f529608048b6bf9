/** Remembers what texts of the maintenance attribute mean: they change seldom, and the hosts of a cluster share one. */
import type { MaintenanceWindow } from "../selection/model.ts";
import { mergeWindows } from "../selection/windows.ts";
import { longestText, parseIntervals } from "./intervals.ts";

/** What a text means. */
export interface WrittenText {
  /** Without a description. */
  readonly windows: readonly MaintenanceWindow[];
  readonly problem?: string;
}

const mostRemembered = 5_000;

export class WrittenTexts {
  readonly #known = new Map<string, WrittenText>();

  read(text: string): WrittenText {
    const known = this.#known.get(text);
    if (known) return known;
    const written = parse(text);
    // What is longer is mostly not looked at, and would only take memory.
    if (text.length > longestText) return written;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(text, written);
    return written;
  }
}

/** True for the word that stands for no maintenance. */
export function isNone(text: string): boolean {
  return text.toLowerCase() === "none";
}

function parse(text: string): WrittenText {
  const { spans, ...rest } = parseIntervals(text);
  const windows = spans.map(
    (span): MaintenanceWindow => ({ ...span, source: "customAttribute", description: "" }),
  );
  return { ...rest, windows: mergeWindows(windows) };
}
