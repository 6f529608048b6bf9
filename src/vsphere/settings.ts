/** Where vCenter is and how it is trusted, as `config.ts` reads it from the environment and mounted files. */

/** One vCenter connection. */
export interface VcenterSettings {
  /** Normalised: `https://host:port/sdk`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Certificate authorities to trust instead of the system's, as PEM. */
  readonly caPem?: string;
  /** SHA-256 of the server's own certificate, hexadecimal, with or without colons. Alone it is the whole trust; beside `caPem` both must hold. */
  readonly thumbprint?: string;
  /** Trust any certificate, on this connection only. */
  readonly insecure: boolean;
  /** Read this datacenter only, by its name. */
  readonly datacenter?: string;
}

/** True when a login with `b` would be the same attempt as one with `a`. */
export function sameSettings(a: VcenterSettings, b: VcenterSettings): boolean {
  return (
    a.url === b.url &&
    a.username === b.username &&
    a.password === b.password &&
    a.caPem === b.caPem &&
    a.thumbprint === b.thumbprint &&
    a.insecure === b.insecure &&
    a.datacenter === b.datacenter
  );
}
