/** Reads the file that lists several vCenters, and tells everything that is wrong with it at once. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { onlyVcenter } from "../selection/vcenter-name.ts";

/** One vCenter of the list. */
interface ListedVcenter {
  /** A DNS label, unique in the list: it stands in messages, metrics and `/readyz`. */
  readonly name: string;
  /** Absolute path of the folder that holds its Secret's keys as files. */
  readonly dir: string;
  /** Read this datacenter only. */
  readonly datacenter?: string;
  /** Trust any certificate. */
  readonly insecure: boolean;
}

/** What was found in the file: vCenters, or what is wrong with it, a line per problem. */
export type VcentersFile =
  | { readonly vcenters: readonly ListedVcenter[]; readonly problems?: never }
  | { readonly problems: readonly string[]; readonly vcenters?: never };

/** Each has a session of its own in every replica, and a line in many messages. */
const most = 32;

const Name = z
  .string({ error: (issue) => wanted(issue.input, "a name") })
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    error: (issue) =>
      wanted(issue.input, "at most 63 lower case letters, digits and inner hyphens"),
  })
  .refine((name) => name !== onlyVcenter, {
    error: (issue) =>
      wanted(issue.input, "another name: messages and /readyz would not show this one"),
  });

const Text = z
  .string({ error: (issue) => wanted(issue.input, "text") })
  .min(1, { error: "is empty, wanted text or no such line" });

const Vcenter = z.strictObject(
  {
    name: Name,
    dir: Text.optional(),
    datacenter: Text.optional(),
    insecure: z.boolean({ error: (issue) => wanted(issue.input, "true or false") }).default(false),
  },
  { error: (issue) => describeObject(issue, "name, dir, datacenter and insecure") },
);

const File = z.strictObject(
  {
    vcenters: z
      .array(Vcenter, { error: (issue) => wanted(issue.input, "a list of vCenters") })
      .min(1, { error: "is empty, wanted one vCenter or more" })
      .max(most, { error: `has more than ${most} entries, wanted ${most} at most` }),
  },
  { error: (issue) => describeObject(issue, "vcenters") },
);

/**
 * @param path of a YAML or JSON file: `vcenters: [{name, dir, datacenter, insecure}]`. A `dir` that is not absolute
 * is looked for beside the file; without one, the folder is called as the vCenter is.
 */
export function readVcentersFile(path: string): VcentersFile {
  const parsed = parse(path);
  if (parsed.problem !== undefined) return { problems: [parsed.problem] };
  const checked = File.safeParse(parsed.content);
  if (!checked.success) return { problems: checked.error.issues.map(describe) };
  const vcenters = checked.data.vcenters.map(({ name, dir = name, datacenter, insecure }) => ({
    name,
    dir: resolve(dirname(path), dir),
    ...(datacenter !== undefined && { datacenter }),
    insecure,
  }));
  const problems = [
    ...repeated(vcenters, "name", "wanted another one: it tells them apart"),
    ...repeated(vcenters, "dir", "wanted a folder of its own for each"),
  ];
  return problems.length > 0 ? { problems } : { vcenters };
}

function parse(path: string): { readonly content?: unknown; readonly problem?: string } {
  try {
    const document = parseDocument(readFileSync(path, "utf8"), { prettyErrors: false });
    const [error] = document.errors;
    if (error !== undefined) return { problem: `is neither YAML nor JSON: ${error.message}` };
    return { content: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return { problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function repeated(
  vcenters: readonly ListedVcenter[],
  key: "name" | "dir",
  advice: string,
): string[] {
  return vcenters.flatMap((vcenter, i) => {
    const first = vcenters.findIndex((other) => other[key] === vcenter[key]);
    if (first === i) return [];
    const value = JSON.stringify(vcenter[key]);
    return `vcenters[${i}].${key} is ${value}, as that of vcenters[${first}], ${advice}`;
  });
}

type Issue = z.core.$ZodIssue;

function describe({ path, message }: Issue): string {
  const place = path.reduce<string>(
    (before, key) =>
      typeof key === "number" ? `${before}[${key}]` : `${before}${before && "."}${String(key)}`,
    "",
  );
  return place === "" ? message : `${place} ${message}`;
}

function describeObject(issue: z.core.$ZodRawIssue, keys: string): string {
  if (issue.code !== "unrecognized_keys") return wanted(issue.input, `an object with ${keys}`);
  return `has ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}, wanted only ${keys}`;
}

function wanted(found: unknown, what: string): string {
  return `is ${found === undefined ? "not set" : JSON.stringify(found)}, wanted ${what}`;
}
