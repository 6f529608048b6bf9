/** Tells how a build goes: a line every few seconds on a terminal, every 20 s in a log. */
import type { BuildStep } from "./build.ts";

export type Say = (line: string) => void;

const terminalMs = 5_000;
const logMs = 20_000;

export interface Progress {
  readonly update: (step: BuildStep) => void;
  readonly stop: () => void;
}

/** Says where the build stands at intervals, whether or not a step was reported meanwhile. */
export function startProgress(title: string, say: Say): Progress {
  const startedAt = Date.now();
  let step: BuildStep = { kind: "fetching", modules: 0 };
  const timer = setInterval(
    () => say(`${title}: ${describeStep(step)}, ${describeElapsed(Date.now() - startedAt)}`),
    process.stdout.isTTY ? terminalMs : logMs,
  );
  return {
    update: (next) => {
      step = next;
    },
    stop: () => clearInterval(timer),
  };
}

export function describeStep(step: BuildStep): string {
  if (step.kind === "fetching") {
    return `fetching sources, ${step.modules} modules so far`;
  }
  return `compiled ${step.compiled} of at most ${step.total} packages`;
}

/** Such as `45 s` or `7 min 05 s`. */
export function describeElapsed(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const rest = String(seconds % 60).padStart(2, "0");
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
