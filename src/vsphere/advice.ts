/** Says what a person can do about a failed connection. */
import { isHandshakeCode, type VsphereError, type VsphereErrorKind } from "./errors.ts";

/** Stands in the advice for what the user calls the Secret. */
const theSecret = "SECRET";

const byType: Readonly<Record<string, string>> = {
  InvalidLogin: `check GOVMOMI_USERNAME and GOVMOMI_PASSWORD in ${theSecret}; the next attempt comes in a minute, or as soon as they change`,
  SameVcenter: "leave one of the two out of VCENTERS_FILE",
  THUMBPRINT_MISMATCH:
    "if vCenter's certificate was renewed, set the new thumbprint; if not, something else answers in its place",
};

const unreachable = "check GOVMOMI_URL, and that vCenter runs and can be reached from here";

const byKind: Readonly<Record<VsphereErrorKind, string>> = {
  auth: `check that the account in ${theSecret} may log in to vCenter`,
  tls: "set GOVMOMI_CA_FILE to the authority that issued vCenter's certificate, and use a name in GOVMOMI_URL that the certificate carries",
  network: unreachable,
  timeout: unreachable,
  fault: "check that the account has the Read-only role at the root of vCenter, propagated",
  protocol: "check that GOVMOMI_URL leads to vCenter itself and not to a proxy or another service",
  settings: "check the settings of the vCenter connection",
};

/**
 * One sentence without a full stop, naming the setting to look at.
 * @param secret what the user calls the Secret with the credentials
 */
export function adviseOn(error: VsphereError, secret = "Secret vc-creds"): string {
  if (isHandshakeCode(error.type)) return "check that GOVMOMI_URL names vCenter's HTTPS port";
  if (error.privilege !== undefined && error.kind === "fault")
    return withPrivilege(error.privilege);
  const advice = byType[error.type] ?? byKind[error.kind];
  return advice.replace(theSecret, () => secret);
}

function withPrivilege(privilege: string): string {
  return `give the account the privilege ${privilege}: the Read-only role at the root of vCenter, propagated, has all that is read`;
}
