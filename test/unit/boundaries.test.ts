import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// A boundary check that finds nothing may be a check that does not run: so violations are seeded into a copy.
const violations = {
  "src/selection/package.ts": 'import { z } from "zod";\nexport const a = z;',
  "src/selection/builtin.ts":
    'import { readFileSync } from "node:fs";\nexport const a = readFileSync;',
  "src/selection/sibling.ts": 'import { group } from "../api/group.ts";\nexport const a = group;',
  "src/selection/typeonly.ts": 'import type { Logger } from "pino";\nexport type A = Logger;',
  "src/api/kube.ts": 'import { a } from "../kube/client.ts";\nexport const b = a;',
  "src/vsphere/kube.ts": 'import { a } from "../kube/client.ts";\nexport const b = a;',
  "src/kube/vsphere.ts": 'import { a } from "../vsphere/session.ts";\nexport const b = a;',
  "src/kube/express.ts": 'import express from "express";\nexport const b = express;',
  "src/reconciler/kube.ts": 'import { a } from "../kube/client.ts";\nexport const b = a;',
  "src/extender/webhook.ts": 'import { a } from "../webhook/patch.ts";\nexport const b = a;',
  "src/webhook/reconciler.ts": 'import { a } from "../reconciler/status.ts";\nexport const b = a;',
  "src/tls/express.ts": 'import express from "express";\nexport const b = express;',
  "src/vcenters/config.ts":
    'import { readConfig } from "../config.ts";\nexport const b = readConfig;',
  "src/vcenters/config-type.ts":
    'import type { Config } from "../config.ts";\nexport type A = Config;',
  "src/vcenters/kube.ts": 'import { a } from "../kube/client.ts";\nexport const b = a;',
  "src/vcenters/package.ts": 'import express from "express";\nexport const b = express;',
  "src/metrics/node-builtin.ts":
    'import { readFileSync } from "node:fs";\nexport const a = readFileSync;',
  "src/metrics/package.ts": 'import { z } from "zod";\nexport const a = z;',
  "src/metrics/observer.ts": 'import { a } from "../kube/observer.ts";\nexport const b = a;',
  "src/metrics/reconciler.ts": 'import { a } from "../reconciler/status.ts";\nexport const b = a;',
  "src/reconciler/env.ts": "export const a = process.env;",
  "src/kube/exit.ts": "export function a() { process.exit(1); }",
};

const allowed = {
  "src/selection/own.ts": 'import type { Host } from "./model.ts";\nexport type A = Host;',
  "src/kube/log.ts": 'import type { Logger } from "pino";\nexport type A = Logger;',
  "src/reconciler/api.ts": 'import { group } from "../api/group.ts";\nexport const a = group;',
  "src/vcenters/health-type.ts":
    'import type { ReadinessCheck } from "../health.ts";\nexport type A = ReadinessCheck;',
  "src/vcenters/own.ts":
    'import { parse } from "yaml";\nimport { a } from "../vsphere/session.ts";\nexport const b = [parse, a];',
  "src/metrics/own.ts":
    'import { Gauge } from "prom-client";\nimport { scraped } from "./metrics.ts";\nexport const a = [Gauge, scraped];',
  "src/metrics/types.ts":
    'import type { KubeObserver } from "../kube/observer.ts";\nexport type A = KubeObserver;',
  "src/main.ts": 'import { a } from "./kube/client.ts";\nexport const b = [a, process.env];',
};

let dir = "";
let offenders: ReadonlySet<string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "boundaries-"));
  await copyFile(".oxlintrc.json", join(dir, ".oxlintrc.json"));
  for (const [path, text] of Object.entries({ ...violations, ...allowed })) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), `${text}\n`);
  }
  const output = await lint(dir);
  offenders = new Set(
    output
      .split("\n")
      .filter((line) => /no-restricted-(imports|properties)/.test(line))
      .map((line) => line.split(":")[0] ?? ""),
  );
});

afterAll(() => rm(dir, { recursive: true }));

function lint(cwd: string): Promise<string> {
  const oxlint = join(process.cwd(), "node_modules/oxlint/bin/oxlint");
  return new Promise((resolve) => {
    // It exits with 1 when it finds something: here that is what is wanted.
    execFile(process.execPath, [oxlint, "--format", "unix", "src"], { cwd }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}

describe("the linter", () => {
  it.each(Object.keys(violations))("finds the seeded violation in %s", (path) => {
    expect(offenders).toContain(path);
  });

  it.each(Object.keys(allowed))("has nothing against %s", (path) => {
    expect(offenders).not.toContain(path);
  });
});
