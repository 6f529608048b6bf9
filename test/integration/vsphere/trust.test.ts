import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthority } from "../../../hack/stack/cluster/pki.ts";
import type { VcenterSettings } from "../../../src/vsphere/settings.ts";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { smallFleet } from "./fleets.ts";
import { watchedCache } from "./watched-cache.ts";

let vcenter: Vcenter;
let thumbprint: string;
let otherCaPem: string;

beforeAll(async () => {
  vcenter = await startVcenter(smallFleet);
  thumbprint = await readThumbprint(vcenter);
  otherCaPem = (await createAuthority("somebody else")).caPem;
});
afterAll(async () => vcenter.stop());
beforeEach(async () => {
  await vcenter.control("DELETE /calls");
});

const wrongThumbprint = "AB:".repeat(31) + "AB";

/** The settings without any trust but the given. */
function trusting(trust: Partial<VcenterSettings>): { settings: VcenterSettings } {
  const { url, username, password } = vcenter.settings;
  return { settings: { url, username, password, insecure: false, ...trust } };
}

describe("vCenter's certificate is trusted", () => {
  it.each<[string, () => Partial<VcenterSettings>]>([
    ["through its authority", () => ({ caPem: vcenter.caPem })],
    ["through its thumbprint alone", () => ({ thumbprint })],
    [
      "through its thumbprint in lower case without colons",
      () => ({ thumbprint: bare(thumbprint) }),
    ],
    ["through both", () => ({ caPem: vcenter.caPem, thumbprint })],
    ["when we are told not to care", () => ({ insecure: true })],
  ])("%s", async (_, trust) => {
    const watched = watchedCache(trusting(trust()));
    watched.cache.start();
    await watched.untilLive();
    expect(watched.errors).toEqual([]);
    await watched.cache.stop();
  });

  it("on this one connection only, with a warning, when we are told not to care", async () => {
    const watched = watchedCache(trusting({ insecure: true }));
    watched.cache.start();
    await watched.untilLive();
    expect(watched.log.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
      "vCenter's certificate is NOT verified on this connection",
    ]);
    expect(process.env["NODE_TLS_REJECT_UNAUTHORIZED"]).toBeUndefined();
    await expect(fetch(vcenter.url)).rejects.toThrow("fetch failed");
    await watched.cache.stop();
  });
});

describe("vCenter's certificate is refused, before a word is said,", () => {
  // The simulator sends its authority along; a server that does not gets UNABLE_TO_VERIFY_LEAF_SIGNATURE.
  const unknown = "tls SELF_SIGNED_CERT_IN_CHAIN";
  const mismatch = "tls THUMBPRINT_MISMATCH";

  it.each<[string, () => Partial<VcenterSettings>, string]>([
    ["without any reason to trust it", () => ({}), unknown],
    ["with another authority", () => ({ caPem: otherCaPem }), unknown],
    ["with another thumbprint", () => ({ thumbprint: wrongThumbprint }), mismatch],
    [
      "with the authority but another thumbprint",
      () => ({ caPem: vcenter.caPem, thumbprint: wrongThumbprint }),
      mismatch,
    ],
    [
      "with the thumbprint but another authority",
      () => ({ caPem: otherCaPem, thumbprint }),
      unknown,
    ],
    [
      "with another thumbprint, though we were told not to care",
      () => ({ insecure: true, thumbprint: wrongThumbprint }),
      mismatch,
    ],
    ["with an empty thumbprint", () => ({ thumbprint: "" }), mismatch],
  ])("%s", async (_, trust, expected) => {
    const watched = watchedCache(trusting(trust()));
    watched.cache.start();
    await watched.until(() => watched.errors.length >= 2);
    await watched.cache.stop();
    expect(new Set(watched.errors)).toEqual(new Set([expected]));
    expect(await vcenter.calls()).toEqual({});
  });

  it("and the reader learns who issued it, and what to do", async () => {
    const watched = watchedCache(trusting({ caPem: otherCaPem }));
    watched.cache.start();
    await watched.until(() => watched.cache.health().phase === "broken");
    const message = watched.cache.health().error?.message;
    expect(message).toContain("by vCenter of a test");
    expect(message).toContain(thumbprint);
    expect(message).toContain("GOVMOMI_CA_FILE");
    await watched.cache.stop();
  });
});

async function readThumbprint({ url, caPem }: Vcenter): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ca: caPem });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve).once("error", reject);
  });
  const raw = socket.getPeerX509Certificate()?.raw;
  socket.destroy();
  if (!raw) throw new Error("the simulator showed no certificate");
  return new X509Certificate(raw).fingerprint256;
}

function bare(text: string): string {
  return text.replaceAll(":", "").toLowerCase();
}
