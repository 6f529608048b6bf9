/** Names a vCenter in a sentence. */

/** What the only vCenter is called, where the configuration does not list several. */
export const onlyVcenter = "vcenter";

/** `vCenter east`; the only one needs no name. */
export function vcenterNamed(name: string): string {
  return name === onlyVcenter ? "vCenter" : `vCenter ${name}`;
}
