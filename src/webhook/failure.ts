/** Says in HTTP why a request got no review back. */

import { z } from "zod";

export interface Failure {
  readonly status: number;
  /** One line; nothing of the request's content is in it, as pods hold secrets. */
  readonly message: string;
}

/** A request that is no review. */
export class UnreadableRequest extends Error implements Failure {
  override name = "UnreadableRequest";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the JSON parser of express calls its errors. */
const parserFailures: Readonly<Record<string, Failure>> = {
  "entity.too.large": { status: 413, message: "the body is too long; accepted are up to 3 MiB" },
  "entity.parse.failed": { status: 400, message: "the body is no JSON" },
  "encoding.unsupported": {
    status: 415,
    message: "accepted are bodies as they are, gzip, deflate and br",
  },
  "charset.unsupported": { status: 415, message: "accepted is UTF-8" },
};

const shownIssues = 3;

/** @returns undefined where the failure is our own */
export function failureFrom(error: unknown): Failure | undefined {
  if (error instanceof UnreadableRequest) return error;
  if (error instanceof z.ZodError) return { status: 400, message: describe(error) };
  const { type, status } = HttpError.safeParse(error).data ?? {};
  const isClients = status !== undefined && status >= 400 && status < 500;
  return parserFailures[type ?? ""] ?? (isClients ? { status, message: unreadable } : undefined);
}

const HttpError = z.object({ type: z.string().optional(), status: z.number().optional() });
const unreadable = "the request could not be read";

function describe({ issues }: z.ZodError): string {
  const shown = issues
    .slice(0, shownIssues)
    .map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  const more = issues.length > shownIssues ? `; and ${issues.length - shownIssues} more` : "";
  return `no AdmissionReview of a pod (admission.k8s.io/v1): ${shown.join("; ")}${more}`;
}
