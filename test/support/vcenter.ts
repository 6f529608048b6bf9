/** Starts the vCenter simulator with a fleet of the test's own, and talks to its control endpoint. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { createAuthority, writeSecret } from "../../hack/stack/cluster/pki.ts";
import { ensureTool } from "../../hack/stack/tools.ts";
import type { VcenterSettings } from "../../src/vsphere/settings.ts";

/** A simulated vCenter. */
export interface Vcenter {
  /** `https://127.0.0.1:PORT/sdk` */
  readonly url: string;
  readonly instanceUuid: string;
  /** The authority that signed its certificate. */
  readonly caPem: string;
  /** Everything that a client needs to log in. */
  readonly settings: VcenterSettings;
  /** Sends a request such as `"POST /vmotion"` to the control endpoint; see hack/vcsim/README.md. */
  control(request: string, body?: unknown): Promise<unknown>;
  /** How often each method was called since the start, or since `DELETE /calls`. */
  calls(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

const username = "gpuinfo@vsphere.local";
const password = "a password with <&> in it";

/** Resolves once the simulator serves the fleet, in the shape of hack/vcsim/fleet.schema.json. */
export async function startVcenter(fleet: unknown): Promise<Vcenter> {
  const dir = mkdtempSync(path.join(tmpdir(), "gpuinfo-vcenter-"));
  const authority = await createAuthority("vCenter of a test");
  const simulator = spawn(
    await ensureTool("vcsim"),
    [
      `-fleet=${writeSecret(dir, "fleet.json", JSON.stringify(fleet))}`,
      `-ca-cert=${writeSecret(dir, "ca.crt", authority.caPem)}`,
      `-ca-key=${writeSecret(dir, "ca.key", authority.caKeyPem)}`,
      `-username=${username}`,
      `-password-file=${writeSecret(dir, "password", password)}`,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  // A test run that is cut short leaves no simulator behind.
  const kill = () => simulator.kill();
  process.once("exit", kill);
  const said: string[] = [];
  createInterface(simulator.stderr).on("line", (line) => said.push(line));
  const ended = once(simulator, "exit").then(() => {
    process.off("exit", kill);
    rmSync(dir, { recursive: true, force: true });
  });
  const firstLine = once(createInterface(simulator.stdout), "line").then(String);
  const ready = await Promise.race([firstLine, ended]);
  if (ready === undefined) throw new Error(`the simulator ended:\n${said.join("\n")}`);
  const { url, controlUrl, instanceUuid } = parseAnnouncement(ready);
  const { caPem } = authority;
  const control = async (request: string, body?: unknown) => callControl(controlUrl, request, body);
  return {
    url,
    instanceUuid,
    caPem,
    settings: { url, username, password, caPem, insecure: false },
    control,
    calls: async () => {
      const counts: Record<string, number> = JSON.parse(
        JSON.stringify(await control("GET /calls")),
      );
      return counts;
    },
    stop: async () => {
      kill();
      await ended;
    },
  };
}

function parseAnnouncement(line: string) {
  const announcement: { url: string; controlUrl: string; instanceUuid: string } = JSON.parse(line);
  return announcement;
}

async function callControl(controlUrl: string, request: string, body: unknown): Promise<unknown> {
  const [method = "GET", where = "/"] = request.split(" ");
  const response = await fetch(new URL(where, controlUrl), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`${request}: the simulator answered ${response.status} ${text}`);
  return JSON.parse(text);
}
