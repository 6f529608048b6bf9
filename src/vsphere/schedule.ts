/** The calendar that vCenter's scheduled tasks make: what is coming for a host, for itself or for what it is below of. */
import type { MaintenanceHorizon } from "../selection/model.ts";
import { joinHorizons } from "../selection/windows.ts";
import type { ScheduledTask } from "./scheduled-tasks.ts";

/** All scheduled tasks, by what they are about. */
export class Schedule {
  readonly #everywhere: MaintenanceHorizon[] = [];
  readonly #byTarget = new Map<string, MaintenanceHorizon[]>();

  constructor(tasks: Iterable<ScheduledTask>) {
    for (const task of tasks) {
      if (task.kind === "irrelevant") continue;
      const horizon = horizonOf(task);
      if (!task.targets) this.#everywhere.push(horizon);
      for (const { id } of task.targets ?? [])
        this.#byTarget.set(id, [...(this.#byTarget.get(id) ?? []), horizon]);
    }
  }

  /** What is scheduled for a host; `ids` are those of the host and of everything above it. */
  horizonOf(ids: Iterable<string>): MaintenanceHorizon {
    const own = [...ids].flatMap((id) => this.#byTarget.get(id) ?? []);
    return joinHorizons([...this.#everywhere, ...own]);
  }
}

function horizonOf(task: Exclude<ScheduledTask, { kind: "irrelevant" }>): MaintenanceHorizon {
  if (task.kind === "maintenance") return { kind: "known", windows: [task.window] };
  return { kind: "unknown", why: task.why, windows: [] };
}
