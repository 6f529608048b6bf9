/** `make deploy`: installs gpuinfo in the cluster, in the mode MODE, with the image IMG. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { read, run, servedVersions } from "./install/kubectl.ts";
import { everything, identityOf, remove, render } from "./install/manifests.ts";
import { removeNodeMarks } from "./install/node-marks.ts";
import { describeWaiting, waitingPods } from "./install/waiting-pods.ts";
import { reportFailure } from "./stack/report-failure.ts";

const overlays: ReadonlyMap<string, string> = new Map([
  ["scheduler", everything],
  ["extender", "deploy/modes/extender"],
  ["affinity", "deploy/modes/affinity"],
  ["advice", "deploy/modes/advice"],
]);

const { values } = parseArgs({
  options: {
    image: { type: "string", default: "gpuinfo:latest" },
    mode: { type: "string", default: "scheduler" },
    "scheduler-tag": { type: "string", default: "" },
  },
});

function deploy(): void {
  const { mode, image } = values;
  const overlay = overlays.get(mode);
  if (overlay === undefined) {
    throw new Error(`MODE is "${mode}"; accepted are ${[...overlays.keys()].join(", ")}`);
  }
  if (mode !== "advice") requireCertManager();
  const dir = writeOverlay(overlay, image, mode === "scheduler" ? schedulerTag() : undefined);
  run(["apply", "-k", dir]);
  removeOtherModes(overlay);
  // Without the right to write them, which has just been taken away, they would never be right again.
  if (mode === "advice") console.log(`Labels were taken off ${removeNodeMarks()} nodes.`);
}

function requireCertManager(): void {
  if (servedVersions().has("cert-manager.io/v1")) return;
  throw new Error(
    "the cluster has no cert-manager, which issues the certificates; install it " +
      "(https://cert-manager.io/docs/installation/), or take MODE=advice, which places no pods",
  );
}

/** A scheduler must have the minor version of the API server; every Kubernetes release has this image. */
function schedulerTag(): string {
  if (values["scheduler-tag"] !== "") return values["scheduler-tag"];
  const { gitVersion }: { gitVersion: string } = JSON.parse(read(["get", "--raw", "/version"]));
  const [release] = /^v\d+\.\d+\.\d+/.exec(gitVersion) ?? [];
  if (release === undefined) {
    throw new Error(`the API server calls its version "${gitVersion}"; give SCHEDULER_TAG=v1.N.N`);
  }
  return release;
}

/** The images are set outside the tree, so that a deployment changes no committed file. */
function writeOverlay(overlay: string, image: string, tag: string | undefined): string {
  const dir = path.resolve(import.meta.dirname, "../.local/deploy");
  const place = { op: "replace", path: "/spec/template/spec/containers/0/image", value: image };
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [`../../${overlay}`],
    ...(tag !== undefined && {
      images: [{ name: "registry.k8s.io/kube-scheduler", newTag: tag }],
    }),
    patches: [{ target: { kind: "Deployment", name: "^gpuinfo$" }, patch: stringify([place]) }],
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "kustomization.yaml"), stringify(kustomization));
  return dir;
}

/** What an earlier deployment in another mode has left. */
function removeOtherModes(overlay: string): void {
  const wanted = new Set(render(overlay).map(identityOf));
  const others = render(everything).filter((manifest) => !wanted.has(identityOf(manifest)));
  remove(others);
  if (others.some(({ kind }) => kind === "Deployment")) console.log(describeWaiting(waitingPods()));
}

try {
  deploy();
} catch (error) {
  reportFailure(error);
}
