import { renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Authority, createAuthority, type KeyPair } from "../../../hack/stack/cluster/pki.ts";
import { Certificates, type CertificatesOptions } from "../../../src/tls/certificates.ts";
import { issueOdd } from "./pki.ts";
import { type MountedSecret, mountSecret, secretOf, servingPair, until } from "./support.ts";

let authority: Authority;
let first: KeyPair;
let second: KeyPair;
let expired: KeyPair;
beforeAll(async () => {
  authority = await createAuthority("test CA");
  first = await servingPair(authority);
  second = await servingPair(authority);
  expired = await issueOdd(authority, {
    commonNames: ["gpuinfo-serving"],
    notAfter: new Date("2026-01-02T03:04:05Z"),
  });
});

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Watched {
  readonly certificates: Certificates;
  readonly reads: string[];
  readonly lines: Record<string, unknown>[];
  readonly changes: () => number;
}

function mounted(files: Readonly<Record<string, string>> = {}): MountedSecret {
  const secret = mountSecret(files);
  cleanups.push(() => secret.remove());
  return secret;
}

async function watching(dir: string, options: Partial<CertificatesOptions> = {}): Promise<Watched> {
  const reads: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const certificates = new Certificates({
    dir,
    log,
    observer: { certificatesRead: (outcome) => reads.push(outcome) },
    ...options,
  });
  cleanups.push(() => certificates.stop());
  let changes = 0;
  certificates.onChange(() => {
    changes += 1;
  });
  await certificates.start();
  return { certificates, reads, lines, changes: () => changes };
}

const good = () => secretOf(first, authority);

describe("what is found at the start", () => {
  it("serves with a good set of files, and knows when it ends", async () => {
    const { certificates, reads, lines } = await watching(mounted(good()).dir);
    expect(certificates.problem()).toBeUndefined();
    expect(certificates.current()).toMatchObject({
      cert: first.certPem,
      key: first.keyPem,
      ca: authority.caPem,
      names: "DNS:localhost, IP Address:127.0.0.1",
    });
    const daysLeft = Number(certificates.current()?.expiresAt) - Date.now();
    expect(Math.round(daysLeft / 86_400_000)).toBe(30);
    expect(reads).toEqual(["ok"]);
    expect(lines).toEqual([expect.objectContaining({ level: 30 })]);
  });

  it.each<[string, (files: Record<string, string>) => Record<string, string>, RegExp]>([
    [
      "an empty directory",
      () => ({}),
      /^no certificate in .*\/tls yet: is cert-manager running\? kubectl -n gpuinfo-system get certificate/,
    ],
    [
      "no ca.crt",
      (files) => ({ ...files, "ca.crt": "" }),
      /has no ca\.crt, wanted tls\.crt, tls\.key/,
    ],
    [
      "empty files beside a good one",
      (files) => ({ ...files, "tls.key": "", "ca.crt": "" }),
      /has no tls\.key and no ca\.crt/,
    ],
    [
      "garbage for a certificate",
      (files) => ({ ...files, "tls.crt": "garbage" }),
      /tls\.crt is no certificate, wanted PEM/,
    ],
    [
      "a certificate for a key",
      (files) => ({ ...files, "tls.key": files["tls.crt"] ?? "" }),
      /tls\.key is no private key, wanted PEM/,
    ],
    [
      "garbage for authorities",
      (files) => ({ ...files, "ca.crt": "garbage" }),
      /ca\.crt is no certificate, wanted PEM/,
    ],
    [
      "one broken authority beside a good one",
      (files) => ({
        ...files,
        "ca.crt": `${files["ca.crt"]}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      }),
      /ca\.crt is no certificate, wanted PEM/,
    ],
    [
      "a file that cannot be read",
      () => ({ "tls.crt/inside": "a folder where a file is wanted" }),
      /cannot read .*tls\.crt: EISDIR/,
    ],
    [
      "the key of another certificate",
      (files) => ({ ...files, "tls.key": second.keyPem }),
      /tls\.key in .* is not the key of tls\.crt \(serial [0-9A-F]+\)/,
    ],
    [
      "an expired certificate",
      () => secretOf(expired, authority),
      /expired at 2026-01-02T03:04:05\.000Z: is cert-manager running\?/,
    ],
  ])("does not serve with %s, and says so once", async (_, spoil, wanted) => {
    const { certificates, reads, lines } = await watching(mounted(spoil(good())).dir, {
      pollMs: 20,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(certificates.current()).toBeUndefined();
    expect(certificates.problem()).toMatch(wanted);
    expect(reads).toEqual(["error"]);
    expect(lines).toEqual([
      expect.objectContaining({ level: 40, problem: expect.stringMatching(wanted) }),
    ]);
  });

  it("never shows a key to the log", async () => {
    const files = { ...good(), "tls.key": second.keyPem };
    const { lines } = await watching(mounted(files).dir);
    const secretLine = second.keyPem.split("\n")[1] ?? "";
    expect(secretLine.length).toBeGreaterThan(40);
    expect(JSON.stringify(lines)).not.toContain(secretLine);
  });

  it("takes an authority and its successor side by side", async () => {
    const successor = await createAuthority("the next CA");
    const ca = `${authority.caPem}\n${successor.caPem}`;
    const { certificates } = await watching(mounted({ ...good(), "ca.crt": ca }).dir);
    expect(certificates.current()?.ca).toBe(ca);
  });

  it("reads a plain directory as well as a mounted Secret", async () => {
    const dir = dirname(mounted().dir);
    for (const [name, text] of Object.entries(good())) writeFileSync(join(dir, name), text);
    const { certificates } = await watching(dir);
    expect(certificates.current()?.cert).toBe(first.certPem);
  });
});

describe("what changes later", () => {
  it("takes a certificate that comes after the start", async () => {
    const secret = mounted();
    const { certificates, changes } = await watching(secret.dir);
    expect(certificates.current()).toBeUndefined();
    secret.write(good());
    await until(() => certificates.current());
    expect(certificates.problem()).toBeUndefined();
    expect(changes()).toBe(1);
  });

  it("follows the swap of the kubelet's link within a second, and tells once", async () => {
    const secret = mounted(good());
    const { certificates, changes, reads } = await watching(secret.dir);
    const before = changes();
    secret.write(secretOf(second, authority));
    await until(() => (certificates.current()?.cert === second.certPem ? true : undefined), 1_000);
    expect(changes() - before).toBe(1);
    expect(reads).toEqual(["ok", "ok"]);
  });

  it("follows one swap after another", async () => {
    const secret = mounted(good());
    const { certificates } = await watching(secret.dir);
    for (const pair of [second, first, second, first]) {
      secret.write(secretOf(pair, authority));
      await until(() => (certificates.current()?.cert === pair.certPem ? true : undefined));
    }
    expect(certificates.problem()).toBeUndefined();
  });

  it("finds a directory that was not there, and one that took its place, by looking now and then", async () => {
    const secret = mounted(good());
    const dir = `${secret.dir}-later`;
    const { certificates } = await watching(dir, { pollMs: 30 });
    expect(certificates.problem()).toMatch(/^no certificate in .*-later yet/);
    renameSync(secret.dir, dir);
    await until(() => certificates.current());
    renameSync(dir, `${dir}-gone`);
    secret.write(secretOf(second, authority));
    renameSync(secret.dir, dir);
    await until(() => (certificates.current()?.cert === second.certPem ? true : undefined));
  });

  it.each<[string, () => Record<string, string>]>([
    ["nothing", () => ({})],
    ["the key of another", () => ({ ...good(), "tls.key": second.keyPem })],
    ["garbage", () => ({ "tls.crt": "?", "tls.key": "?", "ca.crt": "?" })],
    ["an expired one", () => secretOf(expired, authority)],
  ])("keeps a good certificate when it is replaced by %s", async (_, files) => {
    const secret = mounted(good());
    const { certificates, reads, lines, changes } = await watching(secret.dir);
    const before = changes();
    secret.write(files());
    await until(() => (reads.length === 2 ? true : undefined));
    expect(reads).toEqual(["ok", "error"]);
    expect(certificates.current()?.cert).toBe(first.certPem);
    expect(certificates.problem()).toBeUndefined();
    expect(changes()).toBe(before);
    expect(lines.at(-1)).toMatchObject({
      level: 40,
      msg: "keeping the certificate as it was",
      keptUntil: expect.any(String),
    });
  });

  it("takes the good one that follows a bad one, although it had it before", async () => {
    const secret = mounted(good());
    const { reads, certificates } = await watching(secret.dir);
    secret.write({ ...good(), "tls.key": second.keyPem });
    await until(() => (reads.length === 2 ? true : undefined));
    secret.write(good());
    await until(() => (reads.length === 3 ? true : undefined));
    expect(reads).toEqual(["ok", "error", "ok"]);
    expect(certificates.current()?.key).toBe(first.keyPem);
  });

  it("says so when the certificate that it serves with has ended", async () => {
    let now = new Date();
    const { certificates } = await watching(mounted(good()).dir, { now: () => now });
    expect(certificates.problem()).toBeUndefined();
    now = certificates.current()?.expiresAt ?? now;
    expect(certificates.problem()).toMatch(
      /expired at .*: is cert-manager running\? kubectl -n gpuinfo-system get certificate/,
    );
  });

  it("is quiet after its stop", async () => {
    const secret = mounted(good());
    const { certificates, reads } = await watching(secret.dir, { pollMs: 20 });
    certificates.stop();
    secret.write(secretOf(second, authority));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reads).toEqual(["ok"]);
  });
});
