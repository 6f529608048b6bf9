/** The AdmissionReview that the API server sends and the one that it gets back (admission.k8s.io/v1). */

import { z } from "zod";

const apiVersion = "admission.k8s.io/v1";
const kind = "AdmissionReview";

const AdmissionRequest = z.object({
  uid: z.string().min(1),
  resource: z.object({ group: z.string().default(""), resource: z.string() }),
  subResource: z.string().nullish(),
  namespace: z.string().default(""),
  operation: z.string(),
  dryRun: z.boolean().nullish(),
  /** The object as it will be stored; null when it is deleted. */
  object: z.unknown(),
});
export type AdmissionRequest = z.infer<typeof AdmissionRequest>;

export const AdmissionReview = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  request: AdmissionRequest,
});

/** An operation of a JSON Patch (RFC 6902): all that we need of it. */
export type Operation =
  /** Sets a member, whether it was there or not; its parent must be there. */
  | { readonly op: "add"; readonly path: string; readonly value: unknown }
  /** Takes away a member that is there. */
  | { readonly op: "remove"; readonly path: string };

/** What is answered. */
export type Answer =
  | {
      readonly allowed: true;
      readonly operations: readonly Operation[];
      /** Shown to the user by kubectl. */
      readonly warnings: readonly string[];
    }
  | {
      readonly allowed: false;
      /** As in HTTP; `reason` is Kubernetes' word for it. */
      readonly code: 400 | 503;
      readonly reason: "BadRequest" | "ServiceUnavailable";
      readonly message: string;
    };

/** kubectl and the API server cut warnings that are longer. */
const longestWarning = 119;

export function reviewWith(uid: string, answer: Answer): object {
  return { apiVersion, kind, response: { uid, ...responseFrom(answer) } };
}

function responseFrom(answer: Answer): object {
  if (!answer.allowed) {
    const { code, reason, message } = answer;
    return { allowed: false, status: { status: "Failure", code, reason, message } };
  }
  const { operations, warnings } = answer;
  return {
    allowed: true,
    // Together or not at all: the API server insists.
    ...(operations.length > 0 && { patchType: "JSONPatch", patch: encode(operations) }),
    ...(warnings.length > 0 && { warnings: warnings.map(cut) }),
  };
}

function encode(operations: readonly Operation[]): string {
  return Buffer.from(JSON.stringify(operations)).toString("base64");
}

function cut(warning: string): string {
  return warning.length <= longestWarning ? warning : `${warning.slice(0, longestWarning - 1)}…`;
}
