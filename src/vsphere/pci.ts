/** Reads PCI addresses and ids as vSphere writes them. */
import { childOf, readInteger } from "./decode.ts";

/** The address in lower case and with its domain, which old hosts leave out. */
export function normalPciId(id: string): string {
  const lower = id.toLowerCase();
  return /^[0-9a-f]{1,2}:[0-9a-f]{2}\.[0-7]$/.test(lower)
    ? `0000:${lower.padStart(7, "0")}`
    : lower;
}

/** vSphere declares PCI ids as signed shorts: Intel's 0x8086 arrives as -32634. */
export function readUnsignedShort(device: unknown, name: string): number {
  return readInteger(childOf(device, name), `pciDevice.${name}`) & 0xffff;
}
