/** Cleans up after Ctrl-C, a closed terminal or a polite kill, and then ends the program. */
import { closeForStarts } from "./process/component.ts";
import { endAll } from "./process/end-all.ts";
import type { StackHome } from "./process/home.ts";

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

let interrupted = false;

/** Whether such a signal has come: what fails from then on fails for that reason. */
export function isInterrupted(): boolean {
  return interrupted;
}

/**
 * From now on such a signal ends what was started, then the program; further signals do not cut that
 * short. The answer is called with the home as soon as there is one.
 */
export function endOnInterrupt(): (home: StackHome) => void {
  let home: StackHome | undefined;
  const handle = (signal: keyof typeof exitCodes): void => {
    if (interrupted) {
      return;
    }
    interrupted = true;
    console.error(`\n${signal}: ending what was started`);
    void end(home).then((failed) => process.exit(failed ? 1 : exitCodes[signal]));
  };
  process.on("SIGINT", handle).on("SIGTERM", handle).on("SIGHUP", handle);
  return (started) => {
    home = started;
  };
}

/** True when something could not be ended. */
async function end(home: StackHome | undefined): Promise<boolean> {
  if (home === undefined) {
    return false;
  }
  closeForStarts(home);
  try {
    await endAll(home);
    return false;
  } catch (error) {
    console.error(error);
    return true;
  }
}
