/** Makes of a shipped kube-scheduler configuration one that works on this machine: addresses and paths, nothing else. */
import { parse, stringify } from "yaml";

/** A KubeSchedulerConfiguration, as far as it is told apart here. */
export interface SchedulerConfig {
  readonly clientConnection?: Readonly<Record<string, unknown>>;
  readonly extenders?: readonly ExtenderEntry[];
}

interface ExtenderEntry {
  readonly urlPrefix: string;
  readonly tlsConfig?: Readonly<Record<string, unknown>>;
}

/** What differs between a cluster and this machine. */
export interface LocalParts {
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT`; every extender is looked for there. */
  readonly extenderUrl: string;
  /** Folder that stands for the root of the file system in which the configuration's paths are. */
  readonly root: string;
}

const pathKeys: ReadonlySet<string> = new Set(["caFile", "certFile", "keyFile"]);

export function localConfig(shipped: string, local: LocalParts): SchedulerConfig {
  const config: SchedulerConfig = parse(shipped);
  const { extenders } = config;
  return {
    ...config,
    clientConnection: { ...config.clientConnection, kubeconfig: local.kubeconfig },
    ...(extenders && { extenders: extenders.map((entry) => localEntry(entry, local)) }),
  };
}

export function configText(config: SchedulerConfig): string {
  return stringify(config);
}

function localEntry(entry: ExtenderEntry, { extenderUrl, root }: LocalParts): ExtenderEntry {
  const files = Object.entries(entry.tlsConfig ?? {}).map(([key, value]) => {
    return [key, pathKeys.has(key) ? root + String(value) : value] as const;
  });
  return {
    ...entry,
    urlPrefix: extenderUrl,
    ...(entry.tlsConfig && { tlsConfig: Object.fromEntries(files) }),
  };
}
