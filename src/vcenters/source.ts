/** What says where one vCenter is: its entry in our configuration. */

/** Names in the environment, and in the mounted Secret, that say where vCenter is. */
export const vcenterNames = [
  "GOVMOMI_URL",
  "GOVMOMI_USERNAME",
  "GOVMOMI_PASSWORD",
  "GOVMOMI_THUMBPRINT",
  "GOVMOMI_DATACENTER",
  "VC_HOST",
  "VC_USER",
  "VC_PASS",
] as const;

/** A folder whose files are read again before each login, or values from the environment, or both: a file wins. */
export interface VcenterSource {
  /** What it is called in messages, metrics and `/readyz`. */
  readonly name: string;
  /** What the user calls the Secret behind `dir`, such as `Secret vc-creds`. */
  readonly secret: string;
  readonly dir?: string;
  /** Absent where the environment has no say. */
  readonly values?: Readonly<Record<string, string>>;
  readonly caFile?: string;
  readonly insecure: boolean;
  /** Read this datacenter only; wins over what folder and environment say. */
  readonly datacenter?: string;
}
