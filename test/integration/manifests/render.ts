/** Renders an overlay as users do, with kubectl's own kustomize, and finds things in what comes out. */
import { execFileSync } from "node:child_process";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";
import { ensureTool } from "../../../hack/stack/tools.ts";

export const overlays = [
  "deploy/default",
  "deploy/modes/extender",
  "deploy/modes/affinity",
  "deploy/modes/advice",
  "deploy/examples/two-vcenters",
] as const;

export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof Manifest>;

const kubectl = await ensureTool("kubectl");

export function renderText(overlay: string): string {
  return execFileSync(kubectl, ["kustomize", overlay], { cwd: repositoryRoot, encoding: "utf8" });
}

export function render(overlay: string): Manifest[] {
  return parseAllDocuments(renderText(overlay)).map((document) => Manifest.parse(document.toJS()));
}

export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}
