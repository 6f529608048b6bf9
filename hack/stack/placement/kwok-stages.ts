/** Adapts the stages that KWOK ships to nodes that have a status of their own. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";

/** A KWOK Stage, as far as it is told apart here. */
export interface Stage {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: { readonly matchExpressions: readonly Expression[] };
  };
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Of KWOK's own stages, those without heartbeats and leases: 5,000 nodes then cost nothing while nothing happens. */
const shipped = [
  "node/fast/node-initialize.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

/** How long a Job's pod runs, unless it says otherwise in the annotation that KWOK's slower stages read. */
const completionDelay = {
  durationMilliseconds: 3_000,
  durationFrom: {
    expressionFrom: '.metadata.annotations["pod-complete.stage.kwok.x-k8s.io/delay"]',
  },
};

/** The configuration file for KWOK, from the folder of its own stages. */
export function stagesText(folder: string): string {
  return shipped
    .map((file) => adaptStage(parse(readFileSync(path.join(folder, file), "utf8"))))
    .map((stage) => stringify(stage))
    .join("---\n");
}

/** A node that says that it is not ready means it; a Job's pod is seen running before it is done. */
export function adaptStage(stage: Stage): Stage {
  switch (stage.metadata.name) {
    case "node-initialize":
      return withSpec(stage, { selector: { matchExpressions: [hasNoReadyCondition(stage)] } });
    case "pod-complete":
      return withSpec(stage, { delay: completionDelay });
    default:
      return stage;
  }
}

function withSpec(stage: Stage, spec: object): Stage {
  return { ...stage, spec: { ...stage.spec, ...spec } };
}

function hasNoReadyCondition({ metadata, spec }: Stage): Expression {
  const [expression] = spec.selector.matchExpressions;
  if (expression === undefined) {
    throw new Error(`KWOK's stage ${metadata.name} selects nothing; wanted it to ask for Ready`);
  }
  return { key: expression.key, operator: "DoesNotExist" };
}
