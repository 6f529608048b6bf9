/** Tells the second half of the story: Jobs that are placed, refused, and kept waiting until a host is back. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { PlacingStack } from "../stack.ts";
import { repositoryRoot } from "../tools/families.ts";
import type { Say } from "../tools/progress.ts";
import { untilAdvice } from "./advice.ts";
import { applyEdited, command, type Edited, showRefusal } from "./command.ts";
import { untilBound, untilExplained } from "./pods.ts";
import { seconds } from "./until.ts";

const jobFile = "samples/jobs/gpu-job.yaml";
/** Has the needs of that Job. */
const adviceFile = "samples/gpu1.yaml";
const adviceName = "gpu1";
const longJob = "long-job";
/** Alone in having no maintenance planned, so alone in lasting 500 h. */
const lastingHost = "esxi-dell-l.example.com";

export async function tellOfJobs(stack: PlacingStack, say: Say): Promise<void> {
  await placeJob(stack, say);
  await refuseTypo(stack, say);
  await keepWaiting(stack, say);
}

async function placeJob({ controlPlane }: PlacingStack, say: Say): Promise<void> {
  say(`\n4. The same without asking: a Job says what ${adviceName} says, in two annotations.\n`);
  // Advice stays as long as it fits; asked anew it is what is best now.
  await command(controlPlane, ["replace", "--force", "-f", adviceFile], say);
  const { advice } = await untilAdvice(controlPlane.api, `an answer to ${adviceName}`, (all) =>
    all.some(({ name, isReady }) => name === adviceName && isReady),
  );
  const wanted = advice.find(({ name }) => name === adviceName)?.node;
  await command(controlPlane, ["apply", "-f", jobFile], say);
  const { pod, elapsedMs } = await untilBound(controlPlane.api, "gpu-job");
  if (pod.nodeName !== wanted) {
    throw new Error(`the Job's pod is on ${pod.nodeName}, and ${adviceName} names ${wanted}`);
  }
  say(`\n   ${adviceName} names ${wanted}, and there the pod is, after ${seconds(elapsedMs)}:\n`);
  await command(controlPlane, ["get", "pods", "-o", "wide"], say);
}

async function refuseTypo({ controlPlane }: PlacingStack, say: Say): Promise<void> {
  say("\n5. A typo is refused where it is made.\n");
  await showRefusal(controlPlane, jobWith({ "gpu-job": "typo-job", '"100"': '"100 hours"' }), say);
}

async function keepWaiting({ controlPlane, simulator }: PlacingStack, say: Say): Promise<void> {
  say(
    `\n6. A Job of 500 h: ${lastingHost} alone lasts that long, and is in maintenance. It waits, and says why.\n`,
  );
  await simulator.control("/maintenance", { host: lastingHost, state: "enter" });
  await untilAdvice(controlPlane.api, `no advice to name ${lastingHost}`, (all) =>
    all.every(({ host }) => host !== lastingHost),
  );
  await applyEdited(controlPlane, jobWith({ "gpu-job": longJob, '"100"': '"500"' }), say);
  const { name } = await untilExplained(controlPlane.api, longJob);
  await command(controlPlane, ["events", "--for", `pod/${name}`], say);
  say(`\n   ${lastingHost} leaves maintenance.\n`);
  await simulator.control("/maintenance", { host: lastingHost, state: "exit" });
  const { pod, elapsedMs } = await untilBound(controlPlane.api, longJob);
  say(`   ${longJob} has ${pod.nodeName}, within ${seconds(elapsedMs)}:\n`);
  await command(controlPlane, ["get", "pods", "-o", "wide"], say);
}

function jobWith(words: Edited["words"]): Edited {
  const text = readFileSync(path.join(repositoryRoot, jobFile), "utf8");
  return { file: jobFile, text, words };
}
