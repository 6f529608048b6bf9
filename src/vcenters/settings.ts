/** Finds out where vCenter is and who we are there: read again before each login, so that a changed Secret is enough. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { VcenterSettings } from "../vsphere/settings.ts";
import { type VcenterSource, vcenterNames } from "./source.ts";

/** @throws Error with a message for the user, naming what is missing and where it was looked for */
export async function readVcenterSettings(source: VcenterSource): Promise<VcenterSettings> {
  const values = { ...source.values, ...(await readFolder(source.dir)) };
  const where = describePlaces(source);
  const need = (name: string, second: string): string => {
    const value = values[name] ?? values[second];
    if (value === undefined || value === "") {
      throw new Error(`${name} is missing: set it in ${where}`);
    }
    return value;
  };
  const caPem = await readCa(source);
  const thumbprint = values["GOVMOMI_THUMBPRINT"];
  const datacenter = source.datacenter ?? values["GOVMOMI_DATACENTER"];
  return {
    url: sdkUrl(need("GOVMOMI_URL", "VC_HOST")),
    username: need("GOVMOMI_USERNAME", "VC_USER"),
    password: need("GOVMOMI_PASSWORD", "VC_PASS"),
    insecure: source.insecure,
    ...(caPem !== undefined && { caPem }),
    ...(thumbprint !== undefined && { thumbprint }),
    ...(datacenter !== undefined && { datacenter }),
  };
}

function describePlaces({ dir, values, secret }: VcenterSource): string {
  if (dir === undefined) return "the environment";
  return values === undefined ? `${dir} (${secret})` : `the environment or ${dir} (${secret})`;
}

async function readFolder(dir: string | undefined): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  if (dir === undefined) return values;
  for (const name of vcenterNames) {
    const text = await readIfThere(join(dir, name));
    // Editors and `echo` leave a newline at the end; no name or password ends in one.
    if (text !== undefined) values[name] = text.replace(/\r?\n$/, "");
  }
  return values;
}

async function readCa({ caFile, dir }: VcenterSource): Promise<string | undefined> {
  if (caFile !== undefined) {
    const pem = await readIfThere(caFile);
    if (pem === undefined) throw new Error(`GOVMOMI_CA_FILE names ${caFile}, which is not there`);
    return pem;
  }
  return dir === undefined ? undefined : readIfThere(join(dir, "ca.crt"));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`cannot read ${path}`, { cause: error });
  }
}

/**
 * `vc.example.com`, `vc.example.com:8443` or `https://vc.example.com/sdk` → `https://vc.example.com/sdk`.
 * @throws Error that never repeats a password
 */
export function sdkUrl(text: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || url.hostname === "") {
    throw new Error("GOVMOMI_URL is no address, wanted a host, host:port or https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      "GOVMOMI_URL holds a user or password: move them to GOVMOMI_USERNAME and GOVMOMI_PASSWORD",
    );
  }
  if (url.protocol !== "https:") {
    throw new Error(`GOVMOMI_URL has the scheme ${url.protocol.slice(0, -1)}, wanted https`);
  }
  return `https://${url.host}${url.pathname === "/" ? "/sdk" : url.pathname}`;
}
