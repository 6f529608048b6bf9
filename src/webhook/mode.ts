/** The three ways in which an annotated pod finds its node, as far as the webhook cares. */

/**
 * - `scheduler`: our own kube-scheduler places the pod and asks the extender.
 * - `extender`: the cluster's kube-scheduler does, for pods that carry the marker resource.
 * - `affinity`: nobody asks; labels and affinity alone steer.
 */
export type Mode = "scheduler" | "extender" | "affinity";

/** What the webhook has to know of the installation. */
export interface Placement {
  readonly mode: Mode;
  /** The scheduler that is put on pods in mode `scheduler`. */
  readonly schedulerName: string;
  /** In mode `extender`: the schedulers that ask the extender. */
  readonly extenderSchedulers: ReadonlySet<string>;
  readonly gpuPolicy: "exact" | "atLeast";
}
