/** Reads a KubeSchedulerConfiguration, and says what is wrong with how it reaches an extender. */
import { z } from "zod";

const Extender = z.looseObject({
  urlPrefix: z.string(),
  weight: z.number().optional(),
  ignorable: z.boolean().optional(),
  enableHTTPS: z.boolean().optional(),
  httpTimeout: z.string().optional(),
  managedResources: z.array(z.unknown()).optional(),
  tlsConfig: z.record(z.string(), z.unknown()).optional(),
});
export type Extender = z.infer<typeof Extender>;

export const SchedulerConfiguration = z.looseObject({
  apiVersion: z.literal("kubescheduler.config.k8s.io/v1"),
  kind: z.literal("KubeSchedulerConfiguration"),
  leaderElection: z.looseObject({}),
  profiles: z.array(z.looseObject({ schedulerName: z.string() })).default([]),
  extenders: z.array(Extender),
});
export type SchedulerConfiguration = z.infer<typeof SchedulerConfiguration>;

const wanted = ["caFile", "certFile", "keyFile", "serverName"];
/** `insecure` in any value; data in the file cannot be rotated. */
const unwanted = ["insecure", "caData", "certData", "keyData"];

/** kube-scheduler trusts any server when it is told nothing: each setting that matters must be there. */
export function tlsProblems({ urlPrefix, enableHTTPS, tlsConfig = {} }: Extender): string[] {
  const problems: string[] = [];
  if (!urlPrefix.startsWith("https://")) problems.push(`${urlPrefix} is no https:// URL`);
  if (enableHTTPS !== true) problems.push(`${urlPrefix}: enableHTTPS is not true`);
  for (const key of wanted) {
    const value = tlsConfig[key];
    if (typeof value !== "string" || value === "") problems.push(`${urlPrefix} has no ${key}`);
  }
  for (const key of unwanted) {
    if (key in tlsConfig) problems.push(`${urlPrefix} has ${key}`);
  }
  return problems;
}
