/** Reads the uuids by which vSphere machines and nodes are known. */

/** @returns the uuid that the text is, in lower case; undefined where it is none. */
export function uuidIn(text: string): string | undefined {
  const trimmed = text.trim();
  return isUuid.test(trimmed) ? trimmed.toLowerCase() : undefined;
}

const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `vsphere://UUID`; anything else is another cloud's. */
export function uuidOfProviderId(providerId: string): string | undefined {
  const [, uuid = ""] = /^vsphere:\/\/(.*)$/i.exec(providerId.trim()) ?? [];
  return uuidIn(uuid);
}

/**
 * The same 16 bytes with the first three groups read the other way round. Guests of virtual hardware 13 and
 * later report the SMBIOS uuid little-endian, and one cluster may hold both (kubernetes/kubernetes#58927).
 */
export function swapByteOrder(uuid: string): string {
  const byte = (at: number) => uuid.slice(at, at + 2);
  const first = byte(6) + byte(4) + byte(2) + byte(0);
  return `${first}-${byte(11)}${byte(9)}-${byte(16)}${byte(14)}${uuid.slice(18)}`;
}
