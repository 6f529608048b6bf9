import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { overlayOf, placements } from "../../../hack/stack/placement/mode.ts";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";

describe("the manifests of a way of placing pods", () => {
  it.each([undefined, ...placements])("are shipped for %s", (placement) => {
    const file = path.join(repositoryRoot, overlayOf(placement), "kustomization.yaml");
    expect(existsSync(file)).toBe(true);
  });

  it("are others for each", () => {
    const overlays = [undefined, ...placements].map(overlayOf);
    expect(new Set(overlays).size).toBe(4);
  });
});
