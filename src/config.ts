/** Reads the environment once, into a frozen Config; reports every problem at once, by variable name. */

import { z } from "zod";
import { onlyVcenter } from "./selection/vcenter-name.ts";
import { readVcentersFile } from "./vcenters/file.ts";
import { type VcenterSource, vcenterNames } from "./vcenters/source.ts";

export interface ListenAddress {
  /** Absent: all addresses of the machine. */
  readonly host?: string;
  readonly port: number;
}

export interface Config {
  /** Path of a kubeconfig; absent inside a cluster. */
  readonly kubeconfig?: string;
  readonly podName: string;
  readonly podNamespace: string;
  /** Off only where a single process runs by hand: two that write at once get in each other's way. */
  readonly leaderElection: boolean;
  readonly metricsAddress: ListenAddress;
  readonly healthAddress: ListenAddress;
  readonly logLevel: string;
  /** Where to find each vCenter: see vcenters/settings.ts. At least one; names are unique. */
  readonly vcenters: readonly VcenterSource[];
  readonly gpuPolicy: "exact" | "atLeast";
  readonly toleratedTaints: ReadonlySet<string>;
  readonly simulateAccelerators: boolean;
  readonly softMaxAgeMs: number;
  readonly hardMaxAgeMs: number;
  readonly usageSoftMaxAgeMs: number;
  readonly usageHardMaxAgeMs: number;
  readonly evacuation: "hard" | "soft-counts";
  readonly unknownMaintenance: "reject" | "assume-open";
  /** Name of the custom attribute that holds maintenance windows in vCenter. */
  readonly maintenanceAttribute: string;
  /** Task types of vCenter extensions that take hosts down, beside those that are known. */
  readonly maintenanceTaskTypes: readonly string[];
  /** Running pods are told when maintenance comes to cut into the hours that they were promised. */
  readonly watchPromises: boolean;
  readonly placement: Placement;
}

/** How annotated pods are steered; `off`: only GPUInfos are answered. */
export type PlacementMode = "off" | "scheduler" | "extender" | "affinity";

interface Placement {
  readonly mode: PlacementMode;
  readonly webhookAddress: ListenAddress;
  readonly extenderAddress: ListenAddress;
  /** Folder with tls.crt, tls.key and ca.crt, read again whenever they change. */
  readonly tlsDir: string;
  /** The scheduler that pods are given in the mode `scheduler`. */
  readonly schedulerName: string;
  /** Schedulers that ask the extender in the mode `extender`. */
  readonly extenderSchedulers: ReadonlySet<string>;
  /** Names in client certificates that may ask the extender. */
  readonly extenderClientNames: ReadonlySet<string>;
}

/** Something is wrong with the environment: `problems` has one line per variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem(s):\n${problems.map((p) => `  ${p}\n`).join("")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The GPU vendors' own taints keep other pods away; they say nothing against a job that asks us. */
const vendorTaints = ["nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"];

const flag = z
  .enum(["true", "false"], { error: (issue) => `is ${quote(issue.input)}, wanted true or false` })
  .transform((text) => text === "true");

const duration = z.string().transform((text, context) => {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ""];
  const milliseconds = Number(match?.[1]) * (unit ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  context.addIssue(`is ${quote(text)}, wanted a duration above zero such as 90s, 2m or 1h`);
  return z.NEVER;
});

const address = z.string().transform((text, context): ListenAddress => {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue(`is ${quote(text)}, wanted HOST:PORT or :PORT`);
    return z.NEVER;
  }
  const host = match[1] ?? match[2] ?? "";
  return host === "" ? { port } : { host, port };
});

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean),
);

const Environment = z.object({
  KUBECONFIG: z.string().optional(),
  POD_NAME: z.string().default(`gpuinfo-${process.pid}`),
  POD_NAMESPACE: z.string().default("gpuinfo-system"),
  LEADER_ELECTION: flag.default(true),
  METRICS_ADDRESS: address.prefault(":8080"),
  HEALTH_ADDRESS: address.prefault(":8081"),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal"], {
      error: (issue) => `is ${quote(issue.input)}, wanted trace, debug, info, warn, error or fatal`,
    })
    .default("info"),
  GOVMOMI_DIR: z.string().optional(),
  GOVMOMI_CA_FILE: z.string().optional(),
  GOVMOMI_INSECURE: flag.default(false),
  VCENTERS_FILE: z.string().optional(),
  GPU_POLICY: z
    .enum(["exact", "atLeast"], {
      error: (issue) => `is ${quote(issue.input)}, wanted exact or atLeast`,
    })
    .default("exact"),
  TOLERATED_TAINTS: list.prefault(vendorTaints.join(",")),
  SIMULATE_ACCELERATORS: flag.default(false),
  SOFT_MAX_AGE: duration.prefault("2m"),
  HARD_MAX_AGE: duration.prefault("15m"),
  USAGE_SOFT_MAX_AGE: duration.prefault("2m"),
  USAGE_HARD_MAX_AGE: duration.prefault("15m"),
  EVACUATION: z
    .enum(["hard", "soft-counts"], {
      error: (issue) => `is ${quote(issue.input)}, wanted hard or soft-counts`,
    })
    .default("soft-counts"),
  UNKNOWN_MAINTENANCE: z
    .enum(["reject", "assume-open"], {
      error: (issue) => `is ${quote(issue.input)}, wanted reject or assume-open`,
    })
    .default("reject"),
  MAINTENANCE_ATTRIBUTE: z.string().default("gpuinfo.maintenance"),
  MAINTENANCE_TASK_TYPES: list.prefault(""),
  WATCH_PROMISES: flag.default(false),
  PLACEMENT_MODE: z
    .enum(["off", "scheduler", "extender", "affinity"], {
      error: (issue) => `is ${quote(issue.input)}, wanted off, scheduler, extender or affinity`,
    })
    .default("scheduler"),
  WEBHOOK_ADDRESS: address.prefault(":9443"),
  EXTENDER_ADDRESS: address.prefault(":9444"),
  TLS_DIR: z.string().default("/etc/gpuinfo/tls"),
  SCHEDULER_NAME: z.string().default("gpuinfo-scheduler"),
  EXTENDER_SCHEDULERS: list.prefault("default-scheduler"),
  EXTENDER_CLIENT_NAMES: list.prefault("gpuinfo-scheduler"),
});

/** Every variable that is read; docs/configuration.md explains them. */
export const variableNames: readonly string[] = [
  ...Object.keys(Environment.shape),
  ...vcenterNames,
];

/**
 * @param environment `process.env`; a variable that is set to nothing counts as not set
 * @throws ConfigError
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = Environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  const vcenters = readVcenters(given);
  problems.push(...vcenters.problems);
  if (parsed.success && parsed.data.HARD_MAX_AGE < parsed.data.SOFT_MAX_AGE) {
    problems.push("HARD_MAX_AGE is shorter than SOFT_MAX_AGE, wanted the same or longer");
  }
  if (parsed.success && parsed.data.USAGE_HARD_MAX_AGE < parsed.data.USAGE_SOFT_MAX_AGE) {
    problems.push(
      "USAGE_HARD_MAX_AGE is shorter than USAGE_SOFT_MAX_AGE, wanted the same or longer",
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const env = parsed.data;
  return Object.freeze({
    ...(env.KUBECONFIG !== undefined && { kubeconfig: env.KUBECONFIG }),
    podName: env.POD_NAME,
    podNamespace: env.POD_NAMESPACE,
    leaderElection: env.LEADER_ELECTION,
    metricsAddress: env.METRICS_ADDRESS,
    healthAddress: env.HEALTH_ADDRESS,
    logLevel: env.LOG_LEVEL,
    vcenters: vcenters.sources,
    gpuPolicy: env.GPU_POLICY,
    toleratedTaints: new Set(env.TOLERATED_TAINTS),
    simulateAccelerators: env.SIMULATE_ACCELERATORS,
    softMaxAgeMs: env.SOFT_MAX_AGE,
    hardMaxAgeMs: env.HARD_MAX_AGE,
    usageSoftMaxAgeMs: env.USAGE_SOFT_MAX_AGE,
    usageHardMaxAgeMs: env.USAGE_HARD_MAX_AGE,
    evacuation: env.EVACUATION,
    unknownMaintenance: env.UNKNOWN_MAINTENANCE,
    maintenanceAttribute: env.MAINTENANCE_ATTRIBUTE,
    maintenanceTaskTypes: env.MAINTENANCE_TASK_TYPES,
    watchPromises: env.WATCH_PROMISES,
    placement: {
      mode: env.PLACEMENT_MODE,
      webhookAddress: env.WEBHOOK_ADDRESS,
      extenderAddress: env.EXTENDER_ADDRESS,
      tlsDir: env.TLS_DIR,
      schedulerName: env.SCHEDULER_NAME,
      extenderSchedulers: new Set(env.EXTENDER_SCHEDULERS),
      extenderClientNames: new Set(env.EXTENDER_CLIENT_NAMES),
    },
  });
}

type Given = Readonly<Record<string, string | undefined>>;

interface Vcenters {
  readonly sources: readonly VcenterSource[];
  readonly problems: readonly string[];
}

function readVcenters(given: Given): Vcenters {
  const { VCENTERS_FILE: file } = given;
  return file === undefined ? vcenterFromVariables(given) : vcentersFromFile(file, given);
}

function vcenterFromVariables(given: Given): Vcenters {
  const { GOVMOMI_DIR: dir, GOVMOMI_CA_FILE: caFile } = given;
  const values = vcenterValues(given);
  const source: VcenterSource = {
    name: onlyVcenter,
    secret: "Secret vc-creds",
    ...(dir !== undefined && { dir }),
    ...(caFile !== undefined && { caFile }),
    values,
    insecure: given["GOVMOMI_INSECURE"] === "true",
  };
  return { sources: [source], problems: dir === undefined ? missingVcenter(values) : [] };
}

function vcentersFromFile(file: string, given: Given): Vcenters {
  const others = [...vcenterNames, "GOVMOMI_DIR", "GOVMOMI_CA_FILE", "GOVMOMI_INSECURE"];
  const besides = others.filter((name) => given[name] !== undefined);
  const { vcenters = [], problems = [] } = readVcentersFile(file);
  const sources = vcenters.map((vcenter) => ({
    ...vcenter,
    secret: `the Secret of vCenter ${vcenter.name}`,
  }));
  return {
    sources,
    problems: [
      ...besides.map((name) => `${name} is set beside VCENTERS_FILE, wanted one of the two`),
      ...problems.map((problem) => `VCENTERS_FILE ${file}: ${problem}`),
    ],
  };
}

function vcenterValues(given: Given): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of vcenterNames) {
    const value = given[name];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function missingVcenter(values: Readonly<Record<string, string>>): string[] {
  const pairs = [
    ["GOVMOMI_URL", "VC_HOST", "vCenter's host, host:port or URL"],
    ["GOVMOMI_USERNAME", "VC_USER", "a user with read-only rights"],
    ["GOVMOMI_PASSWORD", "VC_PASS", "that user's password"],
  ] as const;
  return pairs
    .filter(([name, second]) => values[name] === undefined && values[second] === undefined)
    .map(
      ([name, second, what]) =>
        `${name} is not set, wanted ${what} (${second} is its second name; GOVMOMI_DIR names a folder that holds them as files)`,
    );
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
