import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filter, passAll } from "../../../src/extender/filter.ts";
import { messages } from "../../../src/extender/messages.ts";
import { NodeNames } from "../../../src/extender/node-names.ts";
import { PreparedRankings } from "../../../src/extender/prepared.ts";
import { prioritize, scoreAllEqual } from "../../../src/extender/prioritize.ts";
import { type Ranking, type Reason, type Rejected, reasons } from "../../../src/selection/model.ts";
import { aFitting, aNode, now } from "../../support/builders.ts";

function aRanking(fitting: readonly string[], rejected: readonly Rejected[]): Ranking {
  return {
    requirement: { gpu: true, hours: 1 },
    takenAt: now,
    fitting: fitting.map((name) => aFitting({ node: aNode({ name }) })),
    rejected,
  };
}

function refusal(node: string, reason: Reason): Rejected {
  return { node, reason, message: "" };
}

interface FilterResult {
  readonly NodeNames: readonly string[];
  readonly FailedNodes: object;
  readonly FailedAndUnresolvableNodes: Readonly<Record<string, string>>;
  readonly Error: string;
}
type Scores = readonly { readonly Host: string; readonly Score: number }[];

function filtered(ranking: Ranking, names: readonly string[], rankings = new PreparedRankings()) {
  const { json, ...counts } = filter(rankings.get(ranking), NodeNames.of(names));
  const result: FilterResult = JSON.parse(json);
  return { result, ...counts };
}

function scored(ranking: Ranking, names: readonly string[], rankings = new PreparedRankings()) {
  const list: Scores = JSON.parse(
    prioritize(rankings.get(ranking), ranking.fitting, NodeNames.of(names)),
  );
  return list;
}

function scoresByHost(ranking: Ranking, names: readonly string[]) {
  return Object.fromEntries(scored(ranking, names).map(({ Host, Score }) => [Host, Score]));
}

/** Names as nodes have them, and names that try to break the JSON, the map or the answer. */
const name = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 30 }).map((i) => `worker-${i}`) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "", '","', "\\", "é\u2028") },
);
const question = fc.record({
  fitting: fc.uniqueArray(name),
  others: fc.uniqueArray(fc.tuple(name, fc.constantFrom(...reasons)), { selector: ([n]) => n }),
  names: fc.array(name),
});

function rankingOf({
  fitting,
  others,
}: {
  fitting: readonly string[];
  others: readonly (readonly [string, Reason])[];
}): Ranking {
  const rejected = others.filter(([node]) => !fitting.includes(node));
  return aRanking(
    fitting,
    rejected.map(([node, reason]) => refusal(node, reason)),
  );
}

describe("filter", () => {
  it("names what fits as asked, and says of the rest why not", () => {
    const ranking = aRanking(["b", "a"], [refusal("c", "NoGpu"), refusal("d", "TooFewHours")]);
    const { result, fitting, rejected } = filtered(ranking, ["a", "x", "c", "b", "a", "x"]);
    expect(result).toEqual({
      Nodes: null,
      NodeNames: ["a", "b"],
      FailedNodes: {},
      FailedAndUnresolvableNodes: {
        c: "gpuinfo: no GPU (NoGpu)",
        x: "gpuinfo: node not known yet (UnknownNode)",
      },
      Error: "",
    });
    expect(fitting).toBe(2);
    expect([...rejected]).toEqual([
      ["UnknownNode", 1],
      ["NoGpu", 1],
    ]);
  });

  it("gives every name asked about back once, in the order asked, and no other", () => {
    fc.assert(
      fc.property(question, ({ names, ...given }) => {
        const ranking = rankingOf(given);
        const { result, fitting, rejected } = filtered(ranking, names);
        const failed = Object.keys(result.FailedAndUnresolvableNodes);
        const asked = [...new Set(names)];
        expect([...result.NodeNames, ...failed].toSorted()).toEqual(asked.toSorted());
        expect(result.NodeNames).toEqual(asked.filter((one) => given.fitting.includes(one)));
        expect(result.FailedNodes).toEqual({});
        expect(fitting).toBe(result.NodeNames.length);
        expect([...rejected.values()].reduce((sum, count) => sum + count, 0)).toBe(failed.length);
        for (const text of Object.values(result.FailedAndUnresolvableNodes)) {
          expect(messages).toContain(text);
        }
      }),
    );
  });

  it("answers in ASCII, whatever the names", () => {
    fc.assert(
      fc.property(question, ({ names, ...given }) => {
        const ranking = rankingOf(given);
        const prepared = new PreparedRankings().get(ranking);
        const asked = NodeNames.of(names);
        for (const text of [
          filter(prepared, asked).json,
          prioritize(prepared, ranking.fitting, asked),
          passAll(asked),
          scoreAllEqual(asked),
        ]) {
          expect(Buffer.byteLength(text)).toBe(text.length);
        }
      }),
    );
  });

  it("passes every name once where nothing is asked of us", () => {
    const result: FilterResult = JSON.parse(passAll(NodeNames.of(["b", "a", "b", '"'])));
    expect(result).toMatchObject({ NodeNames: ["b", "a", '"'], FailedAndUnresolvableNodes: {} });
  });
});

describe("prioritize", () => {
  it("gives 10 to the best of those asked about, and less the further down the ranking", () => {
    const ranking = aRanking(["a", "b", "c", "d"], [refusal("x", "NoGpu")]);
    expect(scoresByHost(ranking, ["d", "c", "b", "x", "y"])).toEqual({
      b: 10,
      c: 5,
      d: 3,
      x: 0,
      y: 0,
    });
  });

  it.each([
    ["no name", [], []],
    ["one name", ["b"], [{ Host: "b", Score: 10 }]],
    ["the same name twice", ["b", "b"], [{ Host: "b", Score: 10 }]],
    ["only names that do not fit", ["x"], [{ Host: "x", Score: 0 }]],
  ])("answers for %s", (_what, names, expected) => {
    expect(scored(aRanking(["a", "b"], [refusal("x", "NoGpu")]), names)).toEqual(expected);
  });

  it("scores every name asked about once, 0 to 10, with exactly one 10 where any fits", () => {
    fc.assert(
      fc.property(question, ({ names, ...given }) => {
        const list = scored(rankingOf(given), names);
        expect(list.map(({ Host }) => Host).toSorted()).toEqual([...new Set(names)].toSorted());
        for (const { Host, Score } of list) {
          expect(Number.isInteger(Score) && Score >= 0 && Score <= 10).toBe(true);
          expect(Score > 0).toBe(given.fitting.includes(Host));
        }
        const best = list.filter(({ Score }) => Score === 10).map(({ Host }) => Host);
        const first = given.fitting.find((one) => names.includes(one));
        expect(best).toEqual(first === undefined ? [] : [first]);
      }),
    );
  });

  it("gives the same scores in whatever order the names come", () => {
    fc.assert(
      fc.property(question, fc.infiniteStream(fc.nat()), ({ names, ...given }, keys) => {
        const ranking = rankingOf(given);
        const shuffled = names
          .map((one) => [one, keys.next().value ?? 0] as const)
          .toSorted(([, a], [, b]) => a - b)
          .map(([one]) => one);
        expect(scoresByHost(ranking, shuffled)).toEqual(scoresByHost(ranking, names));
      }),
    );
  });

  it("never scores a node higher than one before it in the ranking", () => {
    const names = Array.from({ length: 100 }, (_, i) => `worker-${i}`);
    const scores = scored(aRanking(names, []), names).map(({ Score }) => Score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(new Set(scores)).toEqual(new Set([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]));
  });

  it("scores all alike where nothing is asked of us", () => {
    expect(JSON.parse(scoreAllEqual(NodeNames.of(["b", "a", "b"])))).toEqual([
      { Host: "b", Score: 0 },
      { Host: "a", Score: 0 },
    ]);
  });
});

describe("PreparedRankings", () => {
  it("prepares a ranking once while its verdicts stay, and still follows its order", () => {
    const rankings = new PreparedRankings();
    const idle = aRanking(["a", "b"], [refusal("x", "NoGpu")]);
    const busy = { ...idle, fitting: idle.fitting.toReversed() };
    expect(rankings.get(busy)).toBe(rankings.get(idle));
    expect(scored(idle, ["a", "b"], rankings)[0]).toEqual({ Host: "a", Score: 10 });
    expect(scored(busy, ["a", "b"], rankings)[1]).toEqual({ Host: "b", Score: 10 });
  });

  it("keeps two rankings apart, one of which knows nodes that the other does not", () => {
    const rankings = new PreparedRankings();
    const [before, after] = [aRanking(["a"], []), aRanking(["b"], [refusal("a", "NoGpu")])];
    rankings.get(before);
    rankings.get(after);
    expect(filtered(before, ["a", "b"], rankings).result.NodeNames).toEqual(["a"]);
    expect(filtered(after, ["a", "b"], rankings).result.NodeNames).toEqual(["b"]);
    expect(scored(before, ["a", "b"], rankings)[1]).toEqual({ Host: "b", Score: 0 });
  });

  it("forgets nodes that went, and judges by older rankings as before", () => {
    const rankings = new PreparedRankings();
    const first = aRanking(["gone"], []);
    rankings.get(first);
    for (let round = 0; round < 50; round++) {
      const names = Array.from({ length: 100 }, (_, i) => `worker-${round}-${i}`);
      expect(rankings.get(aRanking(names, [])).nodes.size).toBeLessThan(1_400);
    }
    expect(filtered(first, ["gone", "worker-49-1"], rankings).result.NodeNames).toEqual(["gone"]);
  });
});
