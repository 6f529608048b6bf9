import { expect, it } from "vitest";
import { messages } from "../../../src/extender/messages.ts";
import { reasons } from "../../../src/selection/model.ts";

it("has a message of its own for every Reason, short and without numbers", () => {
  expect(new Set(messages).size).toBe(reasons.length);
  for (const [index, message] of messages.entries()) {
    expect(message).toMatch(/^gpuinfo: [^0-9]{4,40} \([A-Za-z]+\)$/);
    expect(message).toContain(`(${reasons[index]})`);
  }
});

/** Of pods, kube-scheduler judges these itself. */
const ofAdvice = /Node(NotReady|Unschedulable|Tainted)\)$/;

it("leaves room for all that pods can meet in one event, which kube-scheduler cuts at 1,024 characters", () => {
  const told = messages.filter((message) => !ofAdvice.test(message));
  const event = told.map((message) => `1000 ${message}`).join(", ");
  expect(event.length).toBeLessThan(1_000);
});
