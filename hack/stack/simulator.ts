/** Starts the vCenter simulator with a fleet, and knows how to reach it. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { request } from "undici";
import { createAuthority, writeSecret } from "./cluster/pki.ts";
import { type Component, startComponent, untilReady } from "./process/component.ts";
import type { StackHome } from "./process/home.ts";
import { onFreePorts, onTheSamePort } from "./process/ports.ts";

/** A running vCenter simulator, and what a client needs to log in to it. */
export interface Simulator {
  /** `https://127.0.0.1:PORT/sdk`; the same after a restart. */
  readonly url: string;
  /** Loopback endpoint that changes the fleet; see hack/vcsim/README.md. */
  readonly controlUrl: string;
  readonly instanceUuid: string;
  readonly username: string;
  readonly password: string;
  /** The authority that signed its certificate. */
  readonly caPem: string;
  /** Asks the control endpoint to change something, such as `/vmotion`; throws with its words when it refuses. */
  control(place: string, body: unknown): Promise<void>;
  /** Ends it, as when vCenter goes away. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again at the same addresses, with the fleet as its file has it. */
  start(): Promise<void>;
}

interface Announcement {
  readonly url: string;
  readonly controlUrl: string;
  readonly instanceUuid: string;
}

const startTimeoutMs = 30_000;
const username = "gpuinfo@vsphere.local";

/** The vCenters of a stack that has two, as deploy/examples/two-vcenters names them. */
export type TwoVcenters<Thing> = { readonly east: Thing; readonly west: Thing };

/** The simulators of a stack: one, under the name `vcenter`, or two. */
export type Simulators = { readonly vcenter: Simulator } | TwoVcenters<Simulator>;

/** What a simulator is called in a stack that has one. */
export const onlyVcenter = "vcenter";

/**
 * Resolves once the simulator serves `fleet`; with a bad fleet it ends and its words are in the error.
 * @param vcenter tells it apart from others of the stack
 */
export async function startSimulator(
  home: StackHome,
  command: string,
  fleet: string,
  vcenter: string = onlyVcenter,
): Promise<Simulator> {
  const authority = await createAuthority("gpuinfo local vCenter");
  const password = randomBytes(18).toString("base64url");
  const dir = path.join(home.dir, "pki", vcenter);
  const name = vcenter === onlyVcenter ? "vcsim" : `vcsim-${vcenter}`;
  const args = [
    `-fleet=${path.resolve(fleet)}`,
    `-ca-cert=${writeSecret(dir, "ca.crt", authority.caPem)}`,
    `-ca-key=${writeSecret(dir, "ca.key", authority.caKeyPem)}`,
    `-username=${username}`,
    `-password-file=${writeSecret(dir, "password", password)}`,
  ];
  const startAt = async (listen: string, controlListen: string): Promise<Started> => {
    const addresses = [`-listen=${listen}`, `-control=${controlListen}`];
    return startOnce(home, name, command, [...args, ...addresses]);
  };
  let running = await onFreePorts(2, async ([sdk, control]) =>
    startAt(`127.0.0.1:${sdk}`, `127.0.0.1:${control}`),
  );
  const { url, controlUrl, instanceUuid } = running.announcement;
  return {
    url,
    controlUrl,
    instanceUuid,
    username,
    password,
    caPem: authority.caPem,
    control: async (place, body) => postControl(controlUrl + place, body),
    stop: async (signal) => running.component.stop(signal),
    start: async () => {
      running = await onTheSamePort(async () =>
        startAt(new URL(url).host, new URL(controlUrl).host),
      );
    },
  };
}

async function postControl(url: string, body: unknown): Promise<void> {
  const answer = await request(url, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) {
    throw new Error(`POST ${url} on the simulator answered ${answer.statusCode}: ${text.trim()}`);
  }
}

interface Started {
  readonly component: Component;
  readonly announcement: Announcement;
}

/** It prints one JSON line with its addresses when it is ready. */
async function startOnce(
  home: StackHome,
  name: string,
  command: string,
  args: readonly string[],
): Promise<Started> {
  const logFile = path.join(home.logs, `${name}.log`);
  const offset = existsSync(logFile) ? statSync(logFile).size : 0;
  const component = await startComponent(home, { name, command, args });
  const probe = async () => findAnnouncement(readFileSync(logFile).subarray(offset).toString());
  return { component, announcement: await untilReady(component, probe, startTimeoutMs) };
}

function findAnnouncement(log: string): Announcement | undefined {
  const line = log.split("\n").find((text) => text.startsWith('{"url"') && text.endsWith("}"));
  if (line === undefined) {
    return undefined;
  }
  const announcement: Announcement = JSON.parse(line);
  return announcement;
}
