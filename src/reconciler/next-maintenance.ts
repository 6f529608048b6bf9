/** Puts the maintenance that limits an answer's hours into its status. */

import { descriptionLength, type GpuInfoStatus } from "../api/gpuinfo.ts";
import type { MaintenanceWindow } from "../selection/model.ts";
import { confidenceOf } from "../selection/windows.ts";
import { timestamp } from "./conditions.ts";
import { plainText } from "./plain-text.ts";

type NextMaintenance = NonNullable<GpuInfoStatus["nextMaintenance"]>;

export function nextMaintenance(window: MaintenanceWindow): NextMaintenance {
  const { startsAt, endsAt, source, description } = window;
  return {
    startsAt: timestamp(new Date(startsAt)),
    ...(endsAt !== undefined && { endsAt: timestamp(new Date(endsAt)) }),
    source,
    confidence: confidenceOf(window),
    description: plainText(description, descriptionLength),
  };
}

/** Differs where the window is news. One that is made up moves with the clock, which is none. */
export function windowKey(window: NextMaintenance | undefined): string {
  if (window === undefined || window.source === "simulation") return window?.source ?? "";
  const { startsAt, endsAt, source, description } = window;
  return JSON.stringify([startsAt, endsAt, source, description]);
}
