/** Starts KWOK, which plays the kubelets of all nodes: pods become Running, Jobs complete, deleted pods go. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import { answersOk } from "../process/answers-ok.ts";
import { type Component, startComponent, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import { type Restartable, restartable } from "../process/restartable.ts";
import type { ToolPath } from "../tools.ts";
import { stagesText } from "./kwok-stages.ts";

export const kwokTools = ["kwok", "kwok-stages"] as const;

const startTimeoutMs = 30_000;

/** Resolves once it serves; it then takes up the nodes that are there, and each that comes. */
export async function startKwok(
  home: StackHome,
  controlPlane: ControlPlane,
  tool: ToolPath<(typeof kwokTools)[number]>,
): Promise<Restartable> {
  const dir = path.join(home.dir, "placement", "kwok");
  mkdirSync(dir, { recursive: true });
  const config = path.join(dir, "stages.yaml");
  writeFileSync(config, stagesText(tool("kwok-stages")));
  const subject = { commonName: "kwok", organizations: ["system:masters"] };
  const kubeconfig = await controlPlane.kubeconfigFor(subject);
  return restartable(async () => startProcess(home, tool("kwok"), kubeconfig, config));
}

async function startProcess(
  home: StackHome,
  command: string,
  kubeconfig: string,
  config: string,
): Promise<Component> {
  return onFreePorts(1, async ([port]) => {
    const address = `127.0.0.1:${port}`;
    const args = [
      `--kubeconfig=${kubeconfig}`,
      `--config=${config}`,
      "--manage-all-nodes=true",
      "--node-lease-duration-seconds=0",
      `--server-address=${address}`,
    ];
    // It would read .kwok/kwok.yaml in the user's own folder as well.
    const env = { HOME: path.dirname(config) };
    const component = await startComponent(home, { name: "kwok", command, args, env });
    const probe = async () => answersOk(`http://${address}/healthz`);
    await untilReady(component, probe, startTimeoutMs);
    return component;
  });
}
