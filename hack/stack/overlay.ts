/** Finds or makes the overlay that a stack applies: one of the shipped ones, with a second vCenter where it has two. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { overlayOf, type Placement } from "./placement/mode.ts";
import type { StackHome } from "./process/home.ts";
import { repositoryRoot } from "./tools/families.ts";

/** The component of the shipped example. */
const twoVcenters = "deploy/examples/two-vcenters/vcenters";

/** @returns the folder of the overlay */
export function overlayFor(
  home: StackHome,
  placement: Placement | undefined,
  hasTwoVcenters: boolean,
): string {
  const shipped = path.join(repositoryRoot, overlayOf(placement));
  return hasTwoVcenters ? withTwoVcenters(path.join(home.dir, "overlay"), shipped) : shipped;
}

/** kustomize follows relative paths only. */
function withTwoVcenters(dir: string, shipped: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [path.relative(dir, shipped)],
    components: [path.relative(dir, path.join(repositoryRoot, twoVcenters))],
  };
  writeFileSync(path.join(dir, "kustomization.yaml"), JSON.stringify(kustomization));
  return dir;
}
