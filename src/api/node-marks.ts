/** The labels and annotations that gpuinfo keeps on nodes: read by src/kube, decided by src/reconciler. */

import { group } from "./group.ts";
import { labelKeys } from "./names.ts";

/** The labels on nodes that are ours: these, and no other, are ever written or removed. */
export const nodeLabelKeys = [
  labelKeys.gpu,
  labelKeys.gpuModel,
  labelKeys.gpuMemoryGib,
  labelKeys.gpuCount,
  labelKeys.esxiHost,
  labelKeys.availableUntil,
] as const;

export const nodeAnnotationKeys = {
  /** The host's name as vCenter spells it, where that is no valid label value. */
  esxiHost: `${group}/esxi-host`,
  /** The GPUs' model as vCenter spells it, where that is not the label's value. */
  gpuModel: `${group}/gpu-model`,
  /** Touched where nothing else on the node shows that it suits now, so that kube-scheduler tries again; a time. */
  changed: `${group}/changed`,
} as const;

/** The annotations that say in full what a label says: kept in step with it. */
export const rawValueKeys = [nodeAnnotationKeys.esxiHost, nodeAnnotationKeys.gpuModel] as const;

export type Texts = Readonly<Record<string, string>>;

/** What of ours a node carries, or should carry. */
export interface NodeMarks {
  readonly labels: Texts;
  readonly annotations: Texts;
}

/** What to write on a node, by key; null removes. */
export interface MarksPatch {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}
