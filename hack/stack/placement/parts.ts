/** Names the parts that a stack has where pods are placed. */
import type { Restartable } from "../process/restartable.ts";
import { certManagerTools } from "./cert-manager.ts";
import { kwokTools } from "./kwok.ts";
import type { Scheduler } from "./scheduler.ts";

export const placementTools = ["kube-scheduler", ...kwokTools, ...certManagerTools] as const;

/** How to ask the extender as a scheduler does. The files are renewed as cert-manager renews the certificate. */
export interface ExtenderAccess {
  /** `https://127.0.0.1:PORT`; leads to a replica that is ready. */
  readonly url: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The name that the server's certificate has, and its address has not. */
  readonly serverName: string;
}

export interface Schedulers {
  /** The cluster's own. */
  readonly default: Scheduler;
  /** `gpuinfo-scheduler`, in `scheduler` mode. */
  readonly own?: Scheduler;
}

/** What a stack has where pods are placed. */
export interface PlacementParts {
  readonly schedulers: Schedulers;
  readonly kwok: Restartable;
  readonly certManager: Restartable;
  /** `https://127.0.0.1:PORT`, where the API server finds the webhook. */
  readonly webhookUrl: string;
  /** Where schedulers find the extender; not in `affinity` mode. */
  readonly extender?: ExtenderAccess;
}
