import { describe, expect, it } from "vitest";
import { GoReport, type GoTestEvent } from "../../../hack/test/go.ts";
import { addTallies, withRunnerStatus } from "../../../hack/test/tally.ts";
import { tallyOf } from "../../../hack/test/vitest.ts";

function reportOf(...events: readonly GoTestEvent[]): {
  readonly report: GoReport;
  readonly said: string;
} {
  const said: string[] = [];
  const report = new GoReport((line) => said.push(line));
  events.forEach((event) => report.add(event));
  return { report, said: said.join("\n") };
}

function anEvent(Action: string, Test?: string, Output?: string): GoTestEvent {
  return {
    Action,
    Package: "x/y",
    ...(Test !== undefined && { Test }),
    ...(Output !== undefined && { Output }),
  };
}

describe("a runner's count", () => {
  it.each([
    [{ passed: 3, failed: 0 }, true, { passed: 3, failed: 0 }],
    [{ passed: 3, failed: 1 }, false, { passed: 3, failed: 1 }],
    [{ passed: 3, failed: 0 }, false, { passed: 3, failed: 1 }],
    [{ passed: 0, failed: 0 }, false, { passed: 0, failed: 1 }],
    [{ passed: 0, failed: 0 }, true, { passed: 0, failed: 1 }],
  ])("of %j with success %s is %j", (counted, succeeded, expected) => {
    expect(withRunnerStatus(counted, succeeded)).toEqual(expected);
  });

  it("adds up over runners", () => {
    expect(addTallies([])).toEqual({ passed: 0, failed: 0 });
    expect(
      addTallies([
        { passed: 1, failed: 2 },
        { passed: 3, failed: 4 },
      ]),
    ).toEqual({ passed: 4, failed: 6 });
  });
});

describe("the report of Go tests", () => {
  it("counts tests, and of those with subtests the subtests", () => {
    const { report } = reportOf(
      anEvent("pass", "TestA/one"),
      anEvent("fail", "TestA/two"),
      anEvent("fail", "TestA"),
      anEvent("pass", "TestAB"),
      anEvent("skip", "TestC"),
      anEvent("fail"),
    );
    expect(report.tally()).toEqual({ passed: 2, failed: 1 });
  });

  it("shows the output of what fails, and only that", () => {
    const { said } = reportOf(
      anEvent("output", "TestA", "fine\n"),
      anEvent("pass", "TestA"),
      anEvent("output", "TestB", "found 1, want 2\n"),
      anEvent("fail", "TestB"),
    );
    expect(said).toBe("found 1, want 2");
  });

  it("shows why a package does not compile", () => {
    const { report, said } = reportOf(
      anEvent("build-output", undefined, "x.go:1: no\n"),
      anEvent("fail"),
    );
    expect(said).toMatch(/x\.go:1: no\n +FAIL x\/y/);
    expect(report.tally()).toEqual({ passed: 0, failed: 0 });
  });
});

describe("the report of vitest", () => {
  it("counts a file that cannot be loaded as a failure", () => {
    const testResults = [
      { status: "failed", assertionResults: [] },
      { status: "failed", assertionResults: [{}] },
      { status: "passed", assertionResults: [{}] },
    ];
    expect(tallyOf({ numPassedTests: 1, numFailedTests: 1, testResults })).toEqual({
      passed: 1,
      failed: 2,
    });
  });
});
