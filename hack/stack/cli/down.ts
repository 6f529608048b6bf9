/** `make down`: ends what `make up` started, and what killed programs of this checkout have left. */
import { parseArgs } from "node:util";
import { bringDown } from "../launcher.ts";
import { demoDir, stackDir } from "../places.ts";
import { homeAt } from "../process/home.ts";
import { lockHolder } from "../process/lock.ts";
import { reportFailure } from "../report-failure.ts";
import { sweepScratch } from "../scratch.ts";

const { values } = parseArgs({ options: { dir: { type: "string" } } });

async function down(): Promise<void> {
  const ended = values.dir === undefined ? await endCheckout() : await bringDown(values.dir);
  console.log(ended.length === 0 ? "Nothing was running." : `Ended ${ended.join(", ")}.`);
}

async function endCheckout(): Promise<readonly string[]> {
  return [...(await bringDown(stackDir)), ...(await endAbandonedDemo()), ...(await sweepScratch())];
}

/** A demo that is still being told belongs to somebody. */
async function endAbandonedDemo(): Promise<readonly string[]> {
  return lockHolder(homeAt(demoDir).lock) === undefined ? bringDown(demoDir) : [];
}

await down().catch(reportFailure);
