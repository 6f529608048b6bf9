import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { patience, type WatchedCache, watchedCache } from "./watched-cache.ts";

const profile = "grid_a100d-20c";

function aHost(name: string, model: string, virtualMachines: readonly unknown[]): unknown {
  const ids = { pciId: "0000:3b:00.0", vendorId: "0x10de", deviceId: "0x20b5" };
  const shares = { graphicsMode: "sharedDirect", vgpuProfiles: [profile] };
  return { name, gpus: [{ ...ids, ...shares, model, memoryMib: 81_920 }], virtualMachines };
}

const worker = { name: "worker-1", gpus: [{ kind: "vgpu", profile }] };
const hosts = [
  aHost("esxi-a.example.com", "NVIDIA A100 80GB PCIe", [worker]),
  aHost("esxi-b.example.com", "NVIDIA A100X", []),
];
const fleet = { datacenters: [{ name: "DC1", clusters: [{ name: "C1", hosts }] }] };

let vcenter: Vcenter;
let watched: WatchedCache;

beforeEach(async () => {
  vcenter = await startVcenter(fleet);
  watched = watchedCache(vcenter);
  watched.cache.start();
  await watched.untilLive();
});
afterEach(async () => {
  await watched.cache.stop();
  await vcenter.stop();
});

const model = () => watched.machine("worker-1")?.gpus[0]?.model;

describe("the vGPU of a machine", () => {
  it("is of another model after vMotion, and never looked as if it could not be moved", async () => {
    const pinned: (boolean | undefined)[] = [];
    watched.cache.onChange(() => pinned.push(watched.machine("worker-1")?.pinned));
    expect(model()).toBe("NVIDIA A100 80GB PCIe");
    await vcenter.control("POST /vmotion", { vm: "worker-1", host: "esxi-b.example.com" });
    await expect.poll(model, patience).toBe("NVIDIA A100X");
    expect(new Set(pinned)).toEqual(new Set([false]));
  });

  it("is gone when it is taken away", async () => {
    const object = "vm/worker-1";
    const taken = { object, property: "config.hardware.device", value: null };
    await vcenter.control("POST /set", taken);
    await expect.poll(() => watched.machine("worker-1")?.gpus, patience).toEqual([]);
  });
});
