import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VsphereError } from "../../../src/vsphere/errors.ts";
import { type LinkOptions, VcenterLink } from "../../../src/vsphere/link.ts";
import type { VcenterSettings } from "../../../src/vsphere/settings.ts";

interface Session {
  logout(): Promise<void>;
}

const timings = {
  backoffBaseMs: 1_000,
  backoffCapMs: 60_000,
  refusedLoginMs: 60_000,
  settingsCheckMs: 5_000,
};
const settings: VcenterSettings = {
  url: "https://vc.example.com/sdk",
  username: "gpuinfo",
  password: "old",
  insecure: false,
};
const refusal = new VsphereError("no", { kind: "auth", type: "InvalidLogin" });
const gone = new VsphereError("gone", { kind: "network", type: "ECONNREFUSED" });
const expired = new VsphereError("expired", { kind: "auth", type: "NotAuthenticated" });

const stopping = { signal: new AbortController() };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  stopping.signal = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A link with parts that can be told how to behave; times are those of its logins. */
function aLink(overrides: Partial<LinkOptions<Session>> = {}) {
  const logins: number[] = [];
  const failures: string[] = [];
  const logouts: number[] = [];
  const left: number[] = [];
  const open = overrides.openSession ?? (async () => aSession(logouts));
  const link = new VcenterLink<Session>({
    readSettings: async () => settings,
    work: untilStopped,
    failed: (error) => failures.push(`${error.kind} ${error.type}`),
    left: () => left.push(Date.now()),
    timings,
    now: Date.now,
    random: () => 1,
    ...overrides,
    openSession: async (given, signal) => {
      logins.push(Date.now());
      return open(given, signal);
    },
  });
  const done = link.run(stopping.signal.signal);
  const stop = async () => {
    stopping.signal.abort();
    await vi.advanceTimersByTimeAsync(0);
    await done;
  };
  return { logins, failures, logouts, left, stop };
}

function aSession(logouts: number[], logout: () => Promise<void> = async () => undefined): Session {
  return {
    logout: async () => {
      logouts.push(Date.now());
      await logout();
    },
  };
}

function untilStopped(
  _session: Session,
  _settings: VcenterSettings,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

describe("a link", () => {
  it("logs in once and logs out when it is stopped", async () => {
    const { logins, logouts, left, failures, stop } = aLink();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(left).toEqual([]);
    await stop();
    expect([logins.length, logouts.length, left.length, failures]).toEqual([1, 1, 1, []]);
  });

  it("says that it has left once vCenter was told, not while it cannot be reached", async () => {
    const answers = [gone, gone, expired];
    const { left, stop } = aLink({
      openSession: async () =>
        aSession([], async () => {
          const answer = answers.shift();
          if (answer !== undefined) throw answer;
        }),
      work: async () => Promise.reject(gone),
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toEqual([]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(left).toEqual([7_000]);
    await stop();
  });

  it("pauses longer from attempt to attempt, up to the cap", async () => {
    const { logins, stop } = aLink({ openSession: async () => Promise.reject(gone) });
    await vi.advanceTimersByTimeAsync(200_000);
    await stop();
    expect(logins.map((at) => at / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  });

  it("spreads attempts at random", async () => {
    const { logins, stop } = aLink({
      openSession: async () => Promise.reject(gone),
      random: () => 0.25,
    });
    await vi.advanceTimersByTimeAsync(2_000);
    await stop();
    expect(logins).toEqual([0, 250, 750, 1750]);
  });

  it("starts with short pauses again after a session that lasted", async () => {
    let attempt = 0;
    const { logins, stop } = aLink({
      openSession: async () => {
        attempt += 1;
        if (attempt < 5) throw gone;
        return aSession([]);
      },
      work: async (session, given, signal) => {
        if (attempt > 5) return untilStopped(session, given, signal);
        await new Promise((resolve) => setTimeout(resolve, 61_000));
        throw expired;
      },
    });
    await vi.advanceTimersByTimeAsync(15_000 + 61_000 + 1_000);
    await stop();
    expect(logins.map((at) => at / 1000)).toEqual([0, 1, 3, 7, 15, 77]);
  });

  it("does not start over after a session that was lost at once", async () => {
    const { logins, stop } = aLink({ work: async () => Promise.reject(expired) });
    await vi.advanceTimersByTimeAsync(7_000);
    await stop();
    expect(logins).toEqual([0, 1_000, 3_000, 7_000]);
  });

  it("ends the lost session before it opens another", async () => {
    const { logins, logouts, stop } = aLink({ work: async () => Promise.reject(expired) });
    await vi.advanceTimersByTimeAsync(1_500);
    expect([logins, logouts]).toEqual([[0, 1_000], [1_000]]);
    await stop();
    expect(logouts).toHaveLength(2);
  });

  it("tries to end a session again while vCenter cannot be reached, and gives up on a fault", async () => {
    const logouts: number[] = [];
    const answers = [gone, gone, expired];
    const session = aSession(logouts, async () => Promise.reject(answers.shift() ?? expired));
    let first = true;
    const { stop } = aLink({
      openSession: async () => {
        if (!first) throw gone;
        first = false;
        return session;
      },
      work: async () => Promise.reject(gone),
    });
    await vi.advanceTimersByTimeAsync(60_000);
    await stop();
    expect(logouts).toEqual([1_000, 3_000, 7_000]);
  });

  it("tells every failure", async () => {
    const { failures, stop } = aLink({ openSession: async () => Promise.reject(gone) });
    await vi.advanceTimersByTimeAsync(1_000);
    await stop();
    expect(failures).toEqual(["network ECONNREFUSED", "network ECONNREFUSED"]);
  });

  it("tells what is wrong with the settings, and reads them again", async () => {
    const readSettings = vi
      .fn<() => Promise<VcenterSettings>>()
      .mockRejectedValueOnce(new Error("GOVMOMI_URL is missing"))
      .mockResolvedValue(settings);
    const messages: string[] = [];
    const { logins, stop } = aLink({
      readSettings,
      failed: (error) => messages.push(error.message),
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await stop();
    expect(messages).toEqual(["GOVMOMI_URL is missing"]);
    expect(logins).toEqual([1_000]);
  });
});

describe("refused credentials", () => {
  it("are tried once a minute at most", async () => {
    const { logins, stop } = aLink({ openSession: async () => Promise.reject(refusal) });
    await vi.advanceTimersByTimeAsync(180_000);
    await stop();
    expect(logins).toEqual([0, 60_000, 120_000, 180_000]);
  });

  it("are told once per attempt, not once per look at the settings", async () => {
    const { failures, stop } = aLink({ openSession: async () => Promise.reject(refusal) });
    await vi.advanceTimersByTimeAsync(59_000);
    await stop();
    expect(failures).toEqual(["auth InvalidLogin"]);
  });

  it.each<[string, Partial<VcenterSettings>]>([
    ["password", { password: "new" }],
    ["user", { username: "other" }],
    ["address", { url: "https://other.example.com/sdk" }],
  ])("with another %s are tried within seconds", async (_, changed) => {
    let current = settings;
    const { logins, stop } = aLink({
      readSettings: async () => current,
      openSession: async (given) => {
        if (given === settings) throw refusal;
        return aSession([]);
      },
    });
    await vi.advanceTimersByTimeAsync(7_000);
    current = { ...settings, ...changed };
    await vi.advanceTimersByTimeAsync(60_000);
    await stop();
    expect(logins).toEqual([0, 10_000]);
  });

  it("that are wrong again wait a minute again", async () => {
    let current = settings;
    const { logins, stop } = aLink({
      readSettings: async () => current,
      openSession: async () => Promise.reject(refusal),
    });
    await vi.advanceTimersByTimeAsync(7_000);
    current = { ...settings, password: "also wrong" };
    await vi.advanceTimersByTimeAsync(60_000);
    await stop();
    expect(logins).toEqual([0, 10_000]);
  });

  it("of a session that merely expired are not refused", async () => {
    const { logins, stop } = aLink({ work: async () => Promise.reject(expired) });
    await vi.advanceTimersByTimeAsync(1_000);
    await stop();
    expect(logins).toEqual([0, 1_000]);
  });
});

describe("settings that change while a session lives", () => {
  it("end it and open one with the new ones, without a failure", async () => {
    let current = settings;
    const { logins, logouts, failures, stop } = aLink({ readSettings: async () => current });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(logins).toEqual([0]);
    current = { ...settings, url: "https://other.example.com/sdk" };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(logins).toHaveLength(2);
    expect(logouts).toHaveLength(1);
    expect(failures).toEqual([]);
    await stop();
  });

  it("leave it alone while they cannot be read", async () => {
    let readable = true;
    const { logins, failures, stop } = aLink({
      readSettings: async () => {
        if (!readable) throw new Error("the volume is being swapped");
        return settings;
      },
    });
    await vi.advanceTimersByTimeAsync(1_000);
    readable = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(logins).toEqual([0]);
    expect(failures).toEqual([]);
    await stop();
  });
});
