/** Starts cert-manager: its CRDs from its module, its controllers as one process on this machine. */
import type { ControlPlane } from "../control-plane.ts";
import { answersOk } from "../process/answers-ok.ts";
import { type Component, startComponent, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import { type Restartable, restartable } from "../process/restartable.ts";

export const certManagerTools = ["cert-manager", "cert-manager-crds"] as const;

const startTimeoutMs = 30_000;

/** Resolves once the API server takes Certificates. Server-side, since the CRDs are too large for an annotation. */
export async function installCertManager({ kubectl }: ControlPlane, crds: string): Promise<void> {
  await kubectl(["apply", "--server-side", `--filename=${crds}`]);
  await kubectl(["wait", "--for=condition=Established", `--filename=${crds}`, "--timeout=30s"]);
}

/** Resolves once the controllers have been started; what they look after must be installed. */
export async function startCertManager(
  home: StackHome,
  controlPlane: ControlPlane,
  command: string,
): Promise<Restartable> {
  const subject = { commonName: "cert-manager", organizations: ["system:masters"] };
  const kubeconfig = await controlPlane.kubeconfigFor(subject);
  return restartable(async () => startProcess(home, command, kubeconfig));
}

async function startProcess(
  home: StackHome,
  command: string,
  kubeconfig: string,
): Promise<Component> {
  return onFreePorts(1, async ([port]) => {
    const health = `127.0.0.1:${port}`;
    const args = [`-kubeconfig=${kubeconfig}`, `-health=${health}`];
    const component = await startComponent(home, { name: "cert-manager", command, args });
    const probe = async () => answersOk(`http://${health}/healthz`);
    await untilReady(component, probe, startTimeoutMs);
    return component;
  });
}
