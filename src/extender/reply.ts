/** Turns a decision into the status and body of an answer, and counts what is in it. */

import type { Reason } from "../selection/model.ts";
import type { Decision } from "./decide.ts";
import { filter, passAll, refuse } from "./filter.ts";
import type { NodeNames } from "./node-names.ts";
import type { PreparedRankings } from "./prepared.ts";
import { prioritize, scoreAllEqual } from "./prioritize.ts";

export interface Reply {
  /** HTTP status. */
  readonly code: number;
  /** With 200 it is JSON in ASCII, else a line of text. */
  readonly body: string;
  readonly namesOut: number;
  readonly rejected: ReadonlyMap<Reason, number>;
}

export type Answer = (decision: Decision, names: NodeNames) => Reply;

/** What prevents an answer stands in the result's Error. */
export function answerFilter(
  rankings: PreparedRankings,
  decision: Decision,
  names: NodeNames,
): Reply {
  switch (decision.kind) {
    case "answered": {
      const { json, fitting, rejected } = filter(rankings.get(decision.ranking), names);
      return { code: 200, body: json, namesOut: fitting, rejected };
    }
    case "passed":
      return reply(200, passAll(names), names.count);
    case "refused":
    case "unavailable":
    case "fullNodes":
      return reply(200, refuse(decision.message), 0);
  }
}

/** A list of scores has no place for what prevents an answer: that becomes a status. */
export function answerPrioritize(
  rankings: PreparedRankings,
  decision: Decision,
  names: NodeNames,
): Reply {
  switch (decision.kind) {
    case "answered": {
      const { ranking } = decision;
      const list = prioritize(rankings.get(ranking), ranking.fitting, names);
      return reply(200, list, names.count);
    }
    case "passed":
      return reply(200, scoreAllEqual(names), names.count);
    case "unavailable":
      return reply(503, `${decision.message}\n`, 0);
    case "refused":
    case "fullNodes":
      return reply(400, `${decision.message}\n`, 0);
  }
}

const noneRejected: ReadonlyMap<Reason, number> = new Map();

function reply(code: number, body: string, namesOut: number): Reply {
  return { code, body, namesOut, rejected: noneRejected };
}
