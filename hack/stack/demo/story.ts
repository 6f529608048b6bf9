/** Tells what gpuinfo does, on a running stack with the demo's fleet; throws where the story does not come true. */
import type { PlacingStack } from "../stack.ts";
import type { Say } from "../tools/progress.ts";
import { type Advice, describe, readAdvice, untilAdvice } from "./advice.ts";
import { command } from "./command.ts";
import { tellOfJobs } from "./jobs.ts";
import { tellOfPromise } from "./promise.ts";
import { seconds } from "./until.ts";
import { tellOfWindows } from "./windows.ts";

/** Starts out in maintenance in the demo's fleet, with the same kind of GPU as esxi-dell-h. */
const hostBackInService = "esxi-dell-l.example.com";
/** Asks for more hours than any host but one has: its node is on a vGPU and can be moved. */
const movedSample = "gpu2";

/**
 * What the demo's fleet implies for the samples: of the machines with a GPU whose host stays up for long
 * enough, the one with the least CPU demand.
 */
const expectedNodes: ReadonlyMap<string, string> = new Map([
  ["gpu1", "worker-4"],
  ["gpu2", "worker-7"],
  ["gpu3", "worker-4"],
  ["gpu4", "worker-7"],
  ["gpu5", "worker-7"],
]);

export async function tellStory(stack: PlacingStack, say: Say): Promise<void> {
  const answered = await applySamples(stack, say);
  await maintainHostOf(stack, find(answered, "gpu1"), say);
  await followVmotion(stack, say);
  await tellOfJobs(stack, say);
  await tellOfWindows(stack, say);
  await tellOfPromise(stack, say);
}

async function applySamples({ controlPlane }: PlacingStack, say: Say): Promise<readonly Advice[]> {
  say("\n1. Five jobs need a GPU, for 75 to 250 hours. Which node outlasts them?\n");
  await command(controlPlane, ["apply", "-k", "samples"], say);
  const { advice, elapsedMs } = await untilAdvice(
    controlPlane.api,
    `the answers that the fleet implies: ${JSON.stringify(Object.fromEntries(expectedNodes))}`,
    (all) => all.length === expectedNodes.size && all.every(isAsExpected),
  );
  say(`\n   Answered within ${seconds(elapsedMs)}:`);
  for (const one of advice) {
    say(describe(one));
  }
  say("");
  await command(controlPlane, ["get", "gpu"], say);
  return advice;
}

async function maintainHostOf(
  { controlPlane, simulator }: PlacingStack,
  chosen: Advice,
  say: Say,
): Promise<void> {
  say(
    `\n2. ${chosen.host}, chosen for ${chosen.name}, goes into maintenance. Nobody touches the GPUInfo.\n`,
  );
  const before = await readAdvice(controlPlane.api);
  await simulator.control("/maintenance", { host: chosen.host, state: "enter" });
  const { advice, elapsedMs } = await untilAdvice(
    controlPlane.api,
    `another host than ${chosen.host} everywhere`,
    (all) => all.every((one) => isLongEnough(one) && one.host !== chosen.host),
  );
  for (const then of before.filter(({ host }) => host === chosen.host)) {
    const now = find(advice, then.name);
    say(
      `   ${now.name}  ${then.node} on ${then.host} -> ${now.node} on ${now.host}, within ${seconds(elapsedMs)}`,
    );
  }
  await simulator.control("/maintenance", { host: chosen.host, state: "exit" });
  say(`\n   ${chosen.host} leaves maintenance. Advice that still fits stays as it is.`);
}

async function followVmotion({ controlPlane, simulator }: PlacingStack, say: Say): Promise<void> {
  const before = find(await readAdvice(controlPlane.api), movedSample);
  say(
    `\n3. ${before.node}, chosen for ${before.name}, moves by vMotion to ${hostBackInService}.\n`,
  );
  await simulator.control("/maintenance", { host: hostBackInService, state: "exit" });
  await simulator.control("/vmotion", { vm: before.node, host: hostBackInService });
  const { advice, elapsedMs } = await untilAdvice(
    controlPlane.api,
    `${before.name} to name ${before.node} on ${hostBackInService}`,
    (all) => all.some((one) => isAt(one, before.name, before.node, hostBackInService)),
  );
  const now = find(advice, before.name);
  say(
    `   ${now.name}  still ${now.node}, now on ${now.host} (was ${before.host}), within ${seconds(elapsedMs)}`,
  );
  say(`   ${now.name}  up for ${now.hoursAvailable} h more (was ${before.hoursAvailable} h)\n`);
  await command(controlPlane, ["get", "gpu"], say);
}

function isAsExpected(advice: Advice): boolean {
  return isLongEnough(advice) && advice.node === expectedNodes.get(advice.name);
}

function isLongEnough({ isReady, hours, hoursAvailable }: Advice): boolean {
  return isReady && hoursAvailable >= hours;
}

function isAt(advice: Advice, name: string, node: string, host: string): boolean {
  return advice.isReady && advice.name === name && advice.node === node && advice.host === host;
}

function find(advice: readonly Advice[], name: string): Advice {
  const found = advice.find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(
      `there is no GPUInfo "${name}" among ${advice.map((one) => one.name).join(", ")}`,
    );
  }
  return found;
}
