/** An InventoryCache with short intervals, whose changes, errors and log lines a test can wait for. */
import { pino } from "pino";
import type { Host, VirtualMachine } from "../../../src/selection/model.ts";
import {
  type CacheChange,
  InventoryCache,
  type InventoryCacheOptions,
  type Timings,
} from "../../../src/vsphere/inventory-cache.ts";
import type { Vcenter } from "../../support/vcenter.ts";

export interface WatchedCache {
  readonly cache: InventoryCache;
  readonly changes: CacheChange[];
  /** "kind type", in the order in which they happened. */
  readonly errors: string[];
  readonly log: { readonly level: number; readonly msg: string; readonly text: string }[];
  /** Resolves when the condition holds after some change, or at once. */
  readonly until: (condition: () => boolean, timeoutMs?: number) => Promise<void>;
  readonly untilLive: () => Promise<void>;
  readonly machine: (name: string) => VirtualMachine | undefined;
  readonly host: (name: string) => Host | undefined;
}

/** For `expect.poll`: long enough for a busy machine. */
export const patience = { timeout: 15_000, interval: 10 };

const shortTimings: Partial<Timings> = {
  connectMs: 1_000,
  callMs: 2_000,
  logoutMs: 1_000,
  maxWaitSeconds: 1,
  backoffBaseMs: 20,
  backoffCapMs: 200,
  settingsCheckMs: 20,
};

/** Follows every virtual machine whose name starts with "worker". Not started yet. */
export function watchedCache(
  vcenter: Pick<Vcenter, "settings">,
  overrides: Partial<InventoryCacheOptions> = {},
): WatchedCache {
  const changes: CacheChange[] = [];
  const errors: string[] = [];
  const log: WatchedCache["log"] = [];
  const write = (text: string) => log.push({ ...JSON.parse(text), text });
  const cache = new InventoryCache({
    readSettings: async () => vcenter.settings,
    interest: (machines) => {
      return new Set(machines.filter(({ name }) => name.startsWith("worker")).map(({ id }) => id));
    },
    log: pino({ base: null }, { write }),
    observe: {
      call: () => undefined,
      error: (kind, type) => errors.push(`${kind} ${type}`),
      login: () => undefined,
      logout: () => undefined,
      inventory: () => undefined,
    },
    ...overrides,
    timings: { ...shortTimings, ...overrides.timings },
  });
  cache.onChange((change) => changes.push(change));
  const until = async (condition: () => boolean, timeoutMs = 15_000) => {
    const giveUpAt = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > giveUpAt)
        throw new Error(`not within ${timeoutMs} ms: ${String(condition)}; ${describe()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const describe = () =>
    JSON.stringify([cache.health(), errors.slice(-5), cache.current()], null, 1);
  return {
    cache,
    changes,
    errors,
    log,
    until,
    untilLive: async () => until(() => cache.health().phase === "live"),
    machine: (name) => cache.current()?.virtualMachines.find((machine) => machine.name === name),
    host: (name) => [...(cache.current()?.hosts.values() ?? [])].find((host) => host.name === name),
  };
}
