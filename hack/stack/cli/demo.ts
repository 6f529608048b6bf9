/** `make demo`: a stack of its own, the story, and everything ended again. */
import path from "node:path";
import { tellStory } from "../demo/story.ts";
import { endOnInterrupt, isInterrupted } from "../interrupt.ts";
import { holdingLock } from "../launcher.ts";
import { demoDir } from "../places.ts";
import { openHome, type StackHome } from "../process/home.ts";
import { reportFailure } from "../report-failure.ts";
import { startStack } from "../stack.ts";

async function demo(): Promise<void> {
  const home = openHome(demoDir);
  await holdingLock(home, async () => tellIn(home));
  console.log("\nThat was all; everything has been ended. To look around yourself: make up");
}

async function tellIn(home: StackHome): Promise<void> {
  const stack = await startStack({
    dir: home.dir,
    placement: "scheduler",
    say: console.log,
    onHome: endOnInterrupt(),
  });
  try {
    console.log(`Ready: ${stack.nodes.length} nodes on simulated ESXi hosts`);
    await tellStory(stack, console.log);
  } catch (error) {
    if (!isInterrupted()) {
      console.error(`\nThe logs are in ${path.relative(process.cwd(), home.logs)}/`);
    }
    throw error;
  } finally {
    await stack.stop();
  }
}

await demo().catch(reportFailure);
