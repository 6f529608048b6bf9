/** What is kept of a ranking so that a call is a walk over its names: a verdict and a score for each known node. */

import { type Ranking, type Reason, type Rejected, reasons } from "../selection/model.ts";
import { NodeTable } from "./node-table.ts";

/** The verdict on a node that fits; any other is the Reason's place in `reasons`, 0 being UnknownNode. */
export const fits = reasons.length;

export const bestScore = 10;
/** Of those that fit but are not the best. */
const highestScore = 9;

/** Verdicts and scores are found by a node's number in `nodes`; numbers given later have neither. */
export interface Prepared {
  readonly nodes: NodeTable;
  readonly verdicts: Uint8Array;
  /** 0 to 9. Which node is the best depends on who is asked about, and on how busy the nodes are now. */
  readonly scores: Uint8Array;
  /** What stands in answers for a rejected node, and for any node with its score; made when first needed. */
  readonly rejections: (string | undefined)[];
  readonly priorities: (string | undefined)[];
}

/** Prepares a ranking once for as long as no verdict changes. */
export class PreparedRankings {
  #nodes = new NodeTable();
  // Keyed by what selection keeps while no verdict changes: what it forgets is forgotten here.
  readonly #known = new WeakMap<readonly Rejected[], Prepared>();

  get(ranking: Ranking): Prepared {
    const known = this.#known.get(ranking.rejected);
    if (known !== undefined) return known;
    const prepared = prepare(ranking, this.#tableFor(ranking));
    this.#known.set(ranking.rejected, prepared);
    return prepared;
  }

  /** Where nodes come and go, the table would fill up with those that went. */
  #tableFor({ fitting, rejected }: Ranking): NodeTable {
    const nodes = fitting.length + rejected.length;
    if (this.#nodes.size > 2 * nodes + 1_000) this.#nodes = new NodeTable();
    return this.#nodes;
  }
}

const codes = new Map<Reason, number>(reasons.map((reason, index) => [reason, index]));

function prepare({ fitting, rejected }: Ranking, nodes: NodeTable): Prepared {
  const fittingNumbers = fitting.map(({ node }) => nodes.add(node.name));
  const rejectedNumbers = rejected.map(({ node }) => nodes.add(node));
  const { size } = nodes;
  const verdicts = new Uint8Array(size);
  const scores = new Uint8Array(size);
  for (const [place, number] of fittingNumbers.entries()) {
    verdicts[number] = fits;
    scores[number] = highestScore - Math.floor((highestScore * place) / fitting.length);
  }
  for (const [index, number] of rejectedNumbers.entries()) {
    const reason = rejected[index]?.reason;
    verdicts[number] = reason === undefined ? 0 : (codes.get(reason) ?? 0);
  }
  return { nodes, verdicts, scores, rejections: Array(size), priorities: Array(size) };
}
