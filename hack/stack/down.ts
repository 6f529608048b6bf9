/** `make down`: ends what `make up` started, and what killed programs of this checkout have left. */
import { parseArgs } from "node:util";
import { demoDir } from "./demo/place.ts";
import { bringDown } from "./launcher.ts";
import { homeAt } from "./process/home.ts";
import { lockHolder } from "./process/lock.ts";
import { reportFailure } from "./report-failure.ts";
import { sweepScratch } from "./scratch.ts";

const { values } = parseArgs({ options: { dir: { type: "string", default: ".local" } } });

async function down(): Promise<void> {
  const ended = [
    ...(await bringDown(values.dir)),
    ...(await endAbandonedDemo()),
    ...(await sweepScratch()),
  ];
  console.log(ended.length === 0 ? "Nothing was running." : `Ended ${ended.join(", ")}.`);
}

/** A demo that is still being told belongs to somebody. */
async function endAbandonedDemo(): Promise<readonly string[]> {
  return lockHolder(homeAt(demoDir).lock) === undefined ? bringDown(demoDir) : [];
}

await down().catch(reportFailure);
