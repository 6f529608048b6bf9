/** Arithmetic on maintenance windows: merging them, joining what several sources say, and which of them end a job. */

import type {
  Candidate,
  MaintenanceHorizon,
  MaintenanceWindow,
  SelectionPolicy,
  WindowSource,
} from "./model.ts";

/** In order of their start, with those that overlap or touch made into one. */
export function mergeWindows(windows: readonly MaintenanceWindow[]): readonly MaintenanceWindow[] {
  const merged: MaintenanceWindow[] = [];
  for (const window of windows.toSorted(byStart)) {
    const last = merged.at(-1);
    if (last !== undefined && touches(last, window)) merged[merged.length - 1] = join(last, window);
    else merged.push(window);
  }
  return merged;
}

/** What all of them say together; the same object where there is one that says something. */
export function joinHorizons(horizons: readonly MaintenanceHorizon[]): MaintenanceHorizon {
  const [first, ...others] = horizons.filter((horizon) => !isOpen(horizon));
  if (first === undefined) return horizons[0] ?? noMaintenance;
  if (others.length === 0) return first;
  const windows = mergeWindows([first, ...others].flatMap((horizon) => horizon.windows));
  const whys = [first, ...others].flatMap((horizon) =>
    horizon.kind === "unknown" ? [horizon.why] : [],
  );
  if (whys.length === 0) return { kind: "known", windows };
  return { kind: "unknown", why: [...new Set(whys)].join("; "), windows };
}

/** Every source was read, and none holds anything. */
export const noMaintenance: MaintenanceHorizon = { kind: "known", windows: [] };

/** What ends a job on this node. Where the site trusts vMotion, what it gets the machine out of the way of does not. */
export function horizonThatCounts(
  candidate: Pick<Candidate, "virtualMachine" | "host" | "horizon" | "fixedHorizon">,
  { evacuation }: Pick<SelectionPolicy, "evacuation">,
): MaintenanceHorizon {
  const isTakenAway = evacuation === "hard" && canBeTakenAway(candidate);
  return isTakenAway ? candidate.fixedHorizon : candidate.horizon;
}

/** DRS moves it to another host of the cluster: one that stands alone has none. */
export function canBeTakenAway({
  virtualMachine,
  host,
}: Pick<Candidate, "virtualMachine" | "host">): boolean {
  return !virtualMachine.pinned && host.cluster !== "";
}

/**
 * How sure a window is, by where it was read: it goes on already, vCenter will begin it, somebody wrote it down, or it
 * is made up.
 */
export type WindowConfidence = "observed" | "scheduled" | "declared" | "simulated";

const confidences: Readonly<Record<WindowSource, WindowConfidence>> = {
  runningTask: "observed",
  scheduledTask: "scheduled",
  customAttribute: "declared",
  maintenanceWindow: "declared",
  simulation: "simulated",
};

export function confidenceOf({ source }: Pick<MaintenanceWindow, "source">): WindowConfidence {
  return confidences[source];
}

function isOpen(horizon: MaintenanceHorizon): boolean {
  return horizon.kind === "known" && horizon.windows.length === 0;
}

function byStart(a: MaintenanceWindow, b: MaintenanceWindow): number {
  return a.startsAt - b.startsAt || endOf(a) - endOf(b) || (a.description < b.description ? -1 : 1);
}

function touches(earlier: MaintenanceWindow, later: MaintenanceWindow): boolean {
  return later.startsAt <= endOf(earlier);
}

/** The source that comes first stands for both. */
function join(earlier: MaintenanceWindow, later: MaintenanceWindow): MaintenanceWindow {
  const { startsAt, source } = earlier;
  const endsAt = Math.max(endOf(earlier), endOf(later));
  return {
    startsAt,
    ...(endsAt !== Number.POSITIVE_INFINITY && { endsAt }),
    source,
    description: joinWords(earlier.description, later.description),
  };
}

function endOf({ endsAt = Number.POSITIVE_INFINITY }: MaintenanceWindow): number {
  return endsAt;
}

const longestDescription = 200;

function joinWords(a: string, b: string): string {
  if (b === "" || a.split("; ").includes(b)) return a;
  const both = a === "" ? b : `${a}; ${b}`;
  return both.length <= longestDescription ? both : a;
}
