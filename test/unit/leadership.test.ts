import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Leadership } from "../../src/leadership.ts";

function aLeadership() {
  const processed: string[] = [];
  let started = 0;
  const leadership = new Leadership({
    queues: ["answers", "labels"].map((name) => ({
      name,
      workers: 1,
      process: async (key) => void processed.push(`${name}: ${key}`),
    })),
    onStart: () => {
      started += 1;
    },
    log: pino({ level: "silent" }),
  });
  return { leadership, processed, starts: () => started };
}

describe("Leadership", () => {
  it("drops what is added before it leads: the start looks at everything", async () => {
    const { leadership, processed, starts } = aLeadership();
    leadership.add("answers", "a", {});
    leadership.start();
    leadership.add("answers", "b", {});
    leadership.add("labels", "b", {});
    await leadership.stop();
    expect(processed).toEqual(["answers: b", "labels: b"]);
    expect(starts()).toBe(1);
  });

  it("does not begin once it was stopped", async () => {
    const { leadership, starts } = aLeadership();
    await leadership.stop();
    leadership.start();
    expect(leadership.leading).toBe(false);
    expect(starts()).toBe(0);
  });
});
