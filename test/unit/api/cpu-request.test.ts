import { describe, expect, it } from "vitest";
import { cpuRequestMilli } from "../../../src/api/cpu-request.ts";
import { Pod } from "../../../src/api/pod.ts";

function cpu(request: string | number, more: object = {}): object {
  return { resources: { requests: { cpu: request } }, ...more };
}

const sidecar = { restartPolicy: "Always" };

describe("the CPU that a pod requests", () => {
  it.each([
    ["no containers", {}, 0],
    ["null containers", { containers: null }, 0],
    ["a container without a request", { containers: [{}] }, 100],
    ["no resources at all", { containers: [{ resources: null }] }, 100],
    ["a request for none", { containers: [cpu("0")] }, 0],
    ["thousandths", { containers: [cpu("250m")] }, 250],
    ["more than any node has", { containers: [cpu("9e18")] }, 1_000_000],
    ["whole cores", { containers: [cpu("2")] }, 2000],
    ["a number", { containers: [cpu(2)] }, 2000],
    ["a fraction", { containers: [cpu("0.5")] }, 500],
    ["an exponent", { containers: [cpu("1e1")] }, 10_000],
    ["less than a thousandth, rounded up", { containers: [cpu("100u")] }, 1],
    ["nonsense", { containers: [cpu("much")] }, 100],
    ["a limit alone", { containers: [{ resources: { limits: { cpu: "3" } } }] }, 3000],
    ["containers together", { containers: [cpu("1"), cpu("2")] }, 3000],
    ["a greater init container", { containers: [cpu("1")], initContainers: [cpu("4")] }, 4000],
    ["a smaller init container", { containers: [cpu("4")], initContainers: [cpu("1")] }, 4000],
    ["init containers one after another", { initContainers: [cpu("1"), cpu("2")] }, 2000],
    [
      "a sidecar beside the container",
      { containers: [cpu("1")], initContainers: [cpu("2", sidecar)] },
      3000,
    ],
    ["an init container beside a sidecar", { initContainers: [cpu("2", sidecar), cpu("3")] }, 5000],
    ["an init container before a sidecar", { initContainers: [cpu("3"), cpu("2", sidecar)] }, 3000],
    ["the pod as a whole", { containers: [cpu("1")], resources: { requests: { cpu: "6" } } }, 6000],
    ["overhead", { containers: [cpu("1")], overhead: { cpu: "250m" } }, 1250],
  ])("counts %s", (_what, spec, milli) => {
    expect(cpuRequestMilli(Pod.parse({ metadata: {}, spec }))).toBe(milli);
  });
});
