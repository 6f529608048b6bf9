/** Turns what node-soap hands to a callback as an error into a VsphereError. */
import { childOf, describeRefusal, type Refusal, readRefusal, readString } from "./decode.ts";
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
  const detail = readDetail(childOf(fault, "detail"));
  const words = `${describeRefusal(detail)}${describe(fault, method)}`;
  const { type, object, privilege } = detail;
  return new VsphereError(`${method}: vCenter answered ${words}`, {
    kind: method === "Login" || type === "NotAuthenticated" ? "auth" : "fault",
    type,
    method,
    ...(object && { object: object.id }),
    ...(privilege && { privilege }),
  });
}

/** `<detail><NotAuthenticatedFault xsi:type="NotAuthenticated"><object type=…>…` */
function readDetail(detail: unknown): Refusal {
  if (typeof detail !== "object" || detail === null) return { type: "UnknownFault" };
  const [element, value] = Object.entries(detail).find(([name]) => name !== "attributes") ?? [];
  if (element === undefined) return { type: "UnknownFault" };
  return readRefusal(value, element.replace(/Fault$/, ""));
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
