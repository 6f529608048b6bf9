/** `make up`: starts the stack in the background and returns when gpuinfo is ready. */
import path from "node:path";
import { parseArgs } from "node:util";
import { endOnInterrupt } from "../interrupt.ts";
import { bringUp, findStack, holdingLock } from "../launcher.ts";
import { type Placement, placements } from "../placement/mode.ts";
import { stackDir } from "../places.ts";
import { openHome, type StackHome } from "../process/home.ts";
import { reportFailure } from "../report-failure.ts";
import { defaultFleet } from "../stack.ts";

const { values } = parseArgs({
  options: {
    dir: { type: "string", default: stackDir },
    fleet: { type: "string", default: "" },
    replicas: { type: "string", default: "1" },
    placement: { type: "string", default: "scheduler" },
  },
});
const fleet = path.resolve(values.fleet || defaultFleet);

async function up(): Promise<void> {
  const home = openHome(values.dir);
  await holdingLock(home, async () => {
    const found = findStack(home.dir, fleet);
    if (found.kind === "up") {
      tellAlreadyUp(home, found);
      return;
    }
    if (found.kind === "broken") {
      const dead = found.dead.length === 0 ? "" : ` (${found.dead.join(", ")} has ended)`;
      console.log(`An earlier stack is no longer whole${dead}: starting anew`);
    }
    await startAnew(home);
  });
}

async function startAnew(home: StackHome): Promise<void> {
  const ending = endOnInterrupt();
  const env = await bringUp(home.dir, fleet, {
    replicas: Number(values.replicas),
    ...placementNamed(values.placement),
    say: console.log,
    onHome: ending,
  });
  console.log("Ready. In your shell:\n");
  tellHowToUse(home, env["KUBECTL"] ?? "kubectl");
}

/** "off" is advice alone, as in PLACEMENT_MODE. */
function placementNamed(name: string): { readonly placement?: Placement } {
  const placement = placements.find((known) => known === name);
  if (placement === undefined && name !== "off") {
    throw new Error(`--placement=${name}: accepted are ${placements.join(", ")} and off`);
  }
  return placement === undefined ? {} : { placement };
}

function tellAlreadyUp(
  home: StackHome,
  found: {
    readonly fleet: string;
    readonly isSameFleet: boolean;
    readonly env: Readonly<Record<string, string>>;
  },
): void {
  if (!found.isSameFleet) {
    throw new Error(
      `the stack is up with the fleet of ${found.fleet}; run "make down" first to start it with ${fleet}`,
    );
  }
  console.log("The stack is up already; nothing was changed. In your shell:\n");
  tellHowToUse(home, found.env["KUBECTL"] ?? "kubectl");
}

function tellHowToUse(home: StackHome, kubectl: string): void {
  const shown = path.relative(process.cwd(), home.env);
  console.log(`  set -a; . ${shown.startsWith("..") ? home.env : `./${shown}`}; set +a`);
  console.log(`  alias kubectl=${kubectl}`);
  console.log(
    "\nLogs are in " + path.relative(process.cwd(), home.logs) + "/. End it with: make down",
  );
}

await up().catch(reportFailure);
