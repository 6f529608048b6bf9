/** `make undeploy`: takes gpuinfo out of the cluster, in the order that leaves nobody stuck. May be run again. */

import { everything, type Manifest, remove, render } from "./install/manifests.ts";
import { removeNodeMarks } from "./install/node-marks.ts";
import { describeWaiting, waitingPods } from "./install/waiting-pods.ts";
import { reportFailure } from "./stack/report-failure.ts";

const say = console.log;

/** What speaks to users who create pods; the policy for our own writes to nodes stays until we write no more. */
function isAdmission({ kind, metadata }: Manifest): boolean {
  if (kind === "MutatingWebhookConfiguration") return true;
  return kind.startsWith("ValidatingAdmissionPolicy") && metadata.name !== "gpuinfo-nodes";
}

function isDefinition({ kind }: Manifest): boolean {
  return kind === "CustomResourceDefinition";
}

function undeploy(): void {
  const manifests = render(everything);
  const admission = manifests.filter(isAdmission);
  const definitions = manifests.filter(isDefinition);
  const rest = manifests.filter((manifest) => !isAdmission(manifest) && !isDefinition(manifest));
  say("1. The webhook and the policies: pods are created without gpuinfo from now on");
  remove(admission);
  say("2. Pods that wait");
  say(describeWaiting(waitingPods()));
  say("3. The controller and the scheduler");
  remove(rest);
  say("4. Labels and annotations of the nodes");
  say(`${removeNodeMarks()} nodes had some.`);
  say("5. The CRDs, and with them every GPUInfo and MaintenanceWindow");
  remove(definitions);
}

try {
  undeploy();
} catch (error) {
  reportFailure(error);
  say("Run it again once the cause is gone: what is done already is no trouble.");
}
