import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { annotationKeys, labelKeys } from "../../../src/api/names.ts";
import { nodeAnnotationKeys, nodeLabelKeys } from "../../../src/api/node-marks.ts";
import type { WaitingEvent } from "../../../src/reconciler/pending-pods.ts";
import { reasons } from "../../../src/selection/model.ts";

const page = readFileSync(
  path.resolve(import.meta.dirname, "../../../docs/pending-pods.md"),
  "utf8",
);

/** The first column of each row, as long as the rows explain something in two more. */
const explained = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, word]) => word);

const events: Readonly<Record<WaitingEvent["reason"], true>> = {
  NoNodeSuits: true,
  NodesSuitButNotNow: true,
  DemandRefused: true,
  InventoryNotReady: true,
  InventoryStale: true,
  NodesNotReady: true,
};

describe("the page on pending pods", () => {
  it("explains every Reason, in the order in which they are checked, and no word that is none", () => {
    expect(explained).toEqual([...Object.keys(events), ...reasons]);
  });

  it.each([
    ...nodeLabelKeys,
    labelKeys.managed,
    nodeAnnotationKeys.changed,
    annotationKeys.injected,
    "pods.topology.corinternal.com",
    "gpuinfo-templates",
    "gpuinfo-cron-jobs",
    "didn't match Pod's node affinity",
  ])("can be searched for %s", (words) => {
    expect(page).toContain(words);
  });
});
