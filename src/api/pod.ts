/** A pod as we read it: only the parts that matter to us, in every shape that the API server may send. */

import { z } from "zod";

const StringMap = z.record(z.string(), z.string()).nullish();

/** Quantities by resource name. The API server sends text; people's tools send numbers too. */
const ResourceList = z.record(z.string(), z.union([z.string(), z.number()])).nullish();

const Resources = z.object({ requests: ResourceList, limits: ResourceList }).nullish();
export type Resources = z.infer<typeof Resources>;

const Container = z.object({
  resources: Resources,
  /** `Always` makes an init container a sidecar. */
  restartPolicy: z.string().nullish(),
});
export type Container = z.infer<typeof Container>;

const NodeSelectorRequirement = z.looseObject({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).nullish(),
});
export type NodeSelectorRequirement = z.infer<typeof NodeSelectorRequirement>;

const NodeSelectorTerm = z.looseObject({
  matchExpressions: z.array(NodeSelectorRequirement).nullish(),
  matchFields: z.array(NodeSelectorRequirement).nullish(),
});
export type NodeSelectorTerm = z.infer<typeof NodeSelectorTerm>;

const PreferredSchedulingTerm = z.looseObject({
  weight: z.number(),
  preference: NodeSelectorTerm.nullish(),
});
export type PreferredSchedulingTerm = z.infer<typeof PreferredSchedulingTerm>;

/** Loose all the way down: it is written back as a whole, with what we do not know of. */
const NodeAffinity = z.looseObject({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .looseObject({ nodeSelectorTerms: z.array(NodeSelectorTerm.nullable()).nullish() })
    .nullish(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(PreferredSchedulingTerm.nullable())
    .nullish(),
});
export type NodeAffinity = z.infer<typeof NodeAffinity>;

const PodSpec = z.object({
  nodeName: z.string().nullish(),
  schedulerName: z.string().nullish(),
  nodeSelector: StringMap,
  affinity: z.object({ nodeAffinity: NodeAffinity.nullish() }).nullish(),
  activeDeadlineSeconds: z.number().nullish(),
  containers: z.array(Container).nullish(),
  initContainers: z.array(Container).nullish(),
  /** Resources of the pod as a whole. */
  resources: Resources,
  overhead: ResourceList,
  resourceClaims: z.array(z.object({ name: z.string() })).nullish(),
});

export const Pod = z.object({
  metadata: z.object({
    name: z.string().nullish(),
    generateName: z.string().nullish(),
    creationTimestamp: z.string().nullish(),
    namespace: z.string().nullish(),
    labels: StringMap,
    annotations: StringMap,
  }),
  spec: PodSpec,
});
export type Pod = z.infer<typeof Pod>;
