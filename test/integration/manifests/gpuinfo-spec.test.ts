/** What the API server accepts as a GPUInfo, with the shipped CRD. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { apiVersion, kind } from "../../../src/api/group.ts";
import { specCases } from "../../support/gpuinfo-spec-cases.ts";
import { render } from "./render.ts";
import { apply, eventually, refusalOf } from "./support.ts";

const path = "/apis/topology.corinternal.com/v1/namespaces/default/gpuinfoes";

let controlPlane: ControlPlane;

function aGpuInfo(spec: object): object {
  return { apiVersion, kind, metadata: { name: "x" }, spec };
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await apply(controlPlane, render("crd"));
  await eventually(async () =>
    (await refusalOf(controlPlane, path, aGpuInfo({}))) === undefined ? true : undefined,
  );
});

afterAll(async () => controlPlane?.stop());

describe("the API server", () => {
  it("accepts exactly the specs that our parser accepts", async () => {
    const judged = await Promise.all(
      specCases.map(async ({ spec, why }) => ({
        why,
        ok: (await refusalOf(controlPlane, path, aGpuInfo(spec))) === undefined,
      })),
    );
    expect(judged).toEqual(specCases.map(({ why, ok }) => ({ why, ok })));
  });

  it.each([
    [{ gpuModel: "L4" }, "gpuModel, gpuMemoryGiB and gpuCount need gpuRequired: true"],
    [
      { gpuRequired: true, gpuModel: "-" },
      "wanted is the name of a GPU model, with at least one letter or digit",
    ],
    [{ gpuRequired: true, gpuCount: 65 }, "should be less than or equal to 64"],
  ])("says what is wrong with %j", async (spec, words) => {
    expect(await refusalOf(controlPlane, path, aGpuInfo(spec))).toContain(words);
  });

  it.each([
    ["gpuModel", "only letters and digits count"],
    ["gpuMemoryGiB", "at least, in GiB"],
    ["gpuCount", "GPUs that the node must have at least"],
  ])("explains %s", async (field, words) => {
    const text = await controlPlane.kubectl(["explain", `gpuinfo.spec.${field}`]);
    expect(text.replaceAll(/\s+/g, " ")).toContain(words);
  });
});
