import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readVcenterSettings, sdkUrl } from "../../../src/vcenters/settings.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "vcenter-settings-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function put(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
}

const source = { name: "vcenter", secret: "Secret vc-creds", insecure: false };
const mounted = () => ({ ...source, dir, values: {} });

describe("readVcenterSettings", () => {
  it("reads the files of a mounted Secret, without the newline at their end", async () => {
    await put({
      GOVMOMI_URL: "vc.example.com\n",
      GOVMOMI_USERNAME: "u\r\n",
      GOVMOMI_PASSWORD: " p \n",
      "ca.crt": "PEM",
    });
    expect(await readVcenterSettings(mounted())).toEqual({
      url: "https://vc.example.com/sdk",
      username: "u",
      password: " p ",
      caPem: "PEM",
      insecure: false,
    });
  });

  it("sees a file that changed", async () => {
    await put({ GOVMOMI_URL: "vc.example.com", GOVMOMI_USERNAME: "u", GOVMOMI_PASSWORD: "old" });
    await readVcenterSettings(mounted());
    await put({ GOVMOMI_PASSWORD: "new" });
    expect(await readVcenterSettings(mounted())).toMatchObject({ password: "new" });
  });

  it("says what is missing and where to put it", async () => {
    await put({ GOVMOMI_URL: "vc.example.com" });
    await expect(readVcenterSettings(mounted())).rejects.toThrow(
      `GOVMOMI_USERNAME is missing: set it in the environment or ${dir} (Secret vc-creds)`,
    );
  });

  it("names the Secret of a vCenter of a list, which the environment has no say in", async () => {
    const listed = { name: "east", secret: "the Secret of vCenter east", insecure: false, dir };
    await expect(readVcenterSettings(listed)).rejects.toThrow(
      `GOVMOMI_URL is missing: set it in ${dir} (the Secret of vCenter east)`,
    );
  });

  it("prefers the datacenter of the list to that of the Secret", async () => {
    await put({
      GOVMOMI_URL: "vc.example.com",
      GOVMOMI_USERNAME: "u",
      GOVMOMI_PASSWORD: "p",
      GOVMOMI_DATACENTER: "DC1",
    });
    expect(await readVcenterSettings(mounted())).toMatchObject({ datacenter: "DC1" });
    const listed = { ...mounted(), datacenter: "DC0" };
    expect(await readVcenterSettings(listed)).toMatchObject({ datacenter: "DC0" });
  });

  it("says that the CA file is not there", async () => {
    const values = { VC_HOST: "h", VC_USER: "u", VC_PASS: "p" };
    const caFile = join(dir, "nothing.pem");
    await expect(readVcenterSettings({ ...source, values, caFile })).rejects.toThrow(
      `GOVMOMI_CA_FILE names ${caFile}, which is not there`,
    );
  });
});

describe("sdkUrl", () => {
  it.each([
    ["vc.example.com", "https://vc.example.com/sdk"],
    ["vc.example.com:8443", "https://vc.example.com:8443/sdk"],
    ["https://vc.example.com", "https://vc.example.com/sdk"],
    ["https://vc.example.com/", "https://vc.example.com/sdk"],
    ["https://vc.example.com/other/sdk", "https://vc.example.com/other/sdk"],
    ["[::1]:8443", "https://[::1]:8443/sdk"],
  ])("turns %s into %s", (text, url) => {
    expect(sdkUrl(text)).toBe(url);
  });

  it.each([
    ["http://vc.example.com", /scheme http, wanted https/],
    ["https://admin:s3cret@vc.example.com", /holds a user or password/],
    ["https://", /is no address/],
    ["vc example com", /is no address/],
  ])("refuses %s without repeating it", (text, message) => {
    expect(() => sdkUrl(text)).toThrow(message);
    expect(() => sdkUrl(text)).not.toThrow(/s3cret/);
  });
});
