/** Turns what node-soap hands to a callback as an error into a VsphereError. */
import { childOf, readString, typeOf } from "./decode.ts";
import { VsphereError } from "./errors.ts";

const longestText = 300;

/** node-soap's errors carry the response, and the response the request: only the fault's own words are taken over. */
export function toCallError(error: unknown, method: string): VsphereError {
  if (error instanceof VsphereError) return error;
  const fault = ["root", "Envelope", "Body", "Fault"].reduce(childOf, error);
  if (fault !== undefined) return toFaultError(fault, method);
  return new VsphereError(`${method}: the answer is not the XML that the vSphere API promises`, {
    kind: "protocol",
    type: "UnreadableAnswer",
    method,
  });
}

function toFaultError(fault: unknown, method: string): VsphereError {
  const { type, object } = readDetail(childOf(fault, "detail"));
  return new VsphereError(`${method}: vCenter answered ${type}${describe(fault, method)}`, {
    kind: method === "Login" || type === "NotAuthenticated" ? "auth" : "fault",
    type,
    method,
    ...(object === undefined ? {} : { object }),
  });
}

/** `<detail><NotAuthenticatedFault xsi:type="NotAuthenticated"><object type=…>…` */
function readDetail(detail: unknown): { readonly type: string; readonly object?: string } {
  if (typeof detail !== "object" || detail === null) return { type: "UnknownFault" };
  const [element, value] = Object.entries(detail).find(([name]) => name !== "attributes") ?? [];
  if (element === undefined) return { type: "UnknownFault" };
  const object = readText(childOf(value, "obj"));
  return { type: typeOf(value) || element.replace(/Fault$/, ""), ...(object ? { object } : {}) };
}

/** The server's words; not those of a refused login, which a careless proxy could fill with what we sent. */
function describe(fault: unknown, method: string): string {
  const text = method === "Login" ? "" : readText(childOf(fault, "faultstring"));
  return text ? `: ${text.slice(0, longestText)}` : "";
}

function readText(value: unknown): string {
  try {
    return value === undefined ? "" : readString(value, "text");
  } catch {
    return "";
  }
}
