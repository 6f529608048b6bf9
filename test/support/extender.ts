/** An extender over real selection and facts that a test makes up. */

import { pino } from "pino";
import { annotationKeys } from "../../src/api/names.ts";
import { extenderApp } from "../../src/extender/app.ts";
import type { Call } from "../../src/extender/observer.ts";
import { createSelector, type Facts } from "../../src/selection/select.ts";
import { now, selectionSettings } from "./builders.ts";
import { manyNodes } from "./many-nodes.ts";

const gpuFor100Hours = {
  [annotationKeys.gpuRequired]: "true",
  [annotationKeys.desAccTime]: "100",
};

export function aPod(annotations: Readonly<Record<string, string>> = gpuFor100Hours) {
  return {
    metadata: { name: "train-0", namespace: "ml", annotations },
    spec: { containers: [{ name: "train", image: "registry.example.com/train:1" }] },
  };
}

const softMaxAgeMs = 60_000;

/** The first five nodes of a made-up cluster, three of them with a GPU, unless other facts are given. */
export function anExtender(
  facts: Partial<Facts> = {},
  overrides: Partial<Parameters<typeof extenderApp>[0]> = {},
) {
  const calls: Call[] = [];
  const { nodes, inventory } = manyNodes(5);
  const { selectNodes } = createSelector(
    () => ({ nodes, inventory, now, ...facts }),
    selectionSettings,
  );
  const app = extenderApp({
    selectNodes,
    getGpuInfoSpec: () => undefined,
    softMaxAgeMs,
    now: () => facts.now ?? now,
    log: pino({ level: "silent" }),
    observer: { called: (call) => calls.push(call) },
    ...overrides,
  });
  return { app, calls, names: nodes.map(({ name }) => name), selectNodes };
}
