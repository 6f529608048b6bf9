/** Writes and reads the file with shell `KEY=value` lines that tells a user where the stack is. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Stack } from "./stack.ts";

export type EnvEntries = Readonly<Record<string, string>>;

/** What a user of the stack wants to know. */
export function stackEnvironment(stack: Stack): EnvEntries {
  const { controlPlane, simulator, replicas, webhookUrl, extender } = stack;
  const [first] = replicas;
  return {
    KUBECONFIG: controlPlane.kubeconfig,
    KUBECTL: controlPlane.kubectlPath,
    VCSIM_URL: simulator.url,
    VCSIM_CONTROL_URL: simulator.controlUrl,
    ...(first && { METRICS_URL: first.metricsUrl, HEALTH_URL: first.healthUrl }),
    ...(webhookUrl && { WEBHOOK_URL: webhookUrl }),
    ...(extender && {
      EXTENDER_URL: extender.url,
      EXTENDER_CA: extender.caFile,
      EXTENDER_CERT: extender.certFile,
      EXTENDER_KEY: extender.keyFile,
      EXTENDER_SERVERNAME: extender.serverName,
    }),
  };
}

/** The file is there complete or not at all. */
export function writeEnvFile(file: string, entries: EnvEntries): void {
  const lines = Object.entries(entries).map(([key, value]) => `${key}=${quoteForShell(value)}\n`);
  writeFileSync(`${file}.new`, lines.join(""), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The entries of the file; undefined when it is not there. */
export function readEnvFile(file: string): EnvEntries | undefined {
  if (!existsSync(file)) {
    return undefined;
  }
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => splitLine(line)));
}

function splitLine(line: string): readonly [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), unquote(line.slice(at + 1))];
}

/** Plain words stay as they are; anything else goes between single quotes, as `sh` reads them. */
function quoteForShell(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

function unquote(text: string): string {
  const inner = text.startsWith("'") ? text.slice(1, -1) : text;
  return inner.replaceAll(String.raw`'\''`, "'");
}
