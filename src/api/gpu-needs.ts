/** The words for a kind of GPU: its model, its memory and how many of them. */

import { modelKey } from "../selection/gpu-totals.ts";
import type { GpuNeeds } from "../selection/model.ts";
import { annotationKeys } from "./names.ts";
import { quote } from "./quote.ts";

/** What is accepted in a GPUInfo as well as on pods, by people and in the webhook's record. */
export const gpuLimits = { modelLength: 63, memoryGib: 4096, count: 64 } as const;

/** RE2 reads it as JavaScript does. Models are compared by letters and digits; nothing that is no text stands in them. */
export const modelPattern = /^[^\p{Cc}]*[A-Za-z0-9][^\p{Cc}]*$/u;

/** In characters, as the API server counts them: some take two units of UTF-16. */
const shortEnough = new RegExp(`^.{0,${gpuLimits.modelLength}}$`, "su");

/** Whether the text may name a model; blanks at its ends count towards its length. */
export function isModel(text: string): boolean {
  return shortEnough.test(text) && modelPattern.test(text);
}

export interface WrittenNeeds {
  readonly model?: string | undefined;
  readonly memoryGib?: number | undefined;
  readonly count?: number | undefined;
}

/** Undefined where nothing is set. */
export function gpuNeedsOf({ model, memoryGib, count }: WrittenNeeds): GpuNeeds | undefined {
  if (model === undefined && memoryGib === undefined && count === undefined) return undefined;
  return {
    ...(model !== undefined && { model: model.trim() }),
    ...(memoryGib !== undefined && { memoryGib }),
    ...(count !== undefined && { count }),
  };
}

/** Whether every GPU suits both or neither, however the model is spelled. */
export function isSameKind(a: GpuNeeds | undefined, b: GpuNeeds | undefined): boolean {
  return (
    keyOf(a?.model) === keyOf(b?.model) && a?.memoryGib === b?.memoryGib && a?.count === b?.count
  );
}

function keyOf(model: string | undefined): string | undefined {
  return model === undefined ? undefined : modelKey(model);
}

/** Any of them asks for a GPU. */
export const gpuNeedsKeys = [
  annotationKeys.gpuModel,
  annotationKeys.gpuMemoryGib,
  annotationKeys.gpuCount,
] as const;

export interface AnnotatedNeeds {
  /** Empty where no annotation is about the kind of GPU. */
  readonly needs: WrittenNeeds;
  /** Those annotations that do not parse, each with what was found and what is accepted. */
  readonly problems: readonly string[];
}

type Annotations = Readonly<Record<string, string>>;

export function readGpuNeeds(annotations: Annotations): AnnotatedNeeds {
  const problems: string[] = [];
  const needs = {
    model: read(annotations, model, problems),
    memoryGib: read(annotations, memoryGib, problems),
    count: read(annotations, count, problems),
  };
  return { needs, problems };
}

/** An annotation and the values that it may have. */
interface Word<Value> {
  readonly key: string;
  readonly parse: (text: string) => Value | undefined;
  /** What is told of a value that does not parse. */
  readonly accepted: string;
}

const model: Word<string> = {
  key: annotationKeys.gpuModel,
  parse: (text) => (isModel(text) ? text : undefined),
  accepted:
    'accepted is the name of a GPU model such as "NVIDIA A100 80GB PCIe": ' +
    `up to ${gpuLimits.modelLength} characters, a letter or digit among them`,
};

const memoryGib: Word<number> = {
  key: annotationKeys.gpuMemoryGib,
  parse: (text) => parseWhole(text, gpuLimits.memoryGib),
  accepted: `accepted are whole GiB from 1 to ${gpuLimits.memoryGib} such as "40"`,
};

const count: Word<number> = {
  key: annotationKeys.gpuCount,
  parse: (text) => parseWhole(text, gpuLimits.count),
  accepted: `accepted are whole numbers from 1 to ${gpuLimits.count} such as "2"`,
};

function read<Value>(
  annotations: Annotations,
  { key, parse, accepted }: Word<Value>,
  problems: string[],
): Value | undefined {
  const text = annotations[key];
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) problems.push(`${key}: found ${quote(text)}; ${accepted}`);
  return value;
}

function parseWhole(text: string, most: number): number | undefined {
  return /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}
