/** Settles which node a virtual machine is where several claim it: a stronger key wins, equal ones lose both. */

import type { Match } from "./match.ts";
import type { Confidence } from "./model.ts";

/** A node that may be the machine. One that may be another machine as well claims both. */
export interface Claim {
  readonly node: string;
  readonly confidence: Confidence;
}

/** By the machine's id. */
export type Claims = ReadonlyMap<string, readonly Claim[]>;

export function gatherClaims(matches: readonly Match[]): Claims {
  const claims = new Map<string, Claim[]>();
  for (const { node, machines, confidence } of matches) {
    const claim = { node: node.name, confidence };
    for (const { id } of machines) {
      const others = claims.get(id);
      if (others === undefined) claims.set(id, [claim]);
      else others.push(claim);
    }
  }
  return claims;
}

/** The claims on the machine that are as strong as any on it: with more than one, it is nobody's. */
export function strongestClaims(claims: Claims, machineId: string): readonly Claim[] {
  const all = claims.get(machineId) ?? [];
  if (all.length < 2) return all;
  const strongest = Math.max(...all.map(strengthOf));
  return all.filter((claim) => strengthOf(claim) === strongest);
}

const strengths: readonly Confidence[] = ["name", "id", "override"];

function strengthOf({ confidence }: Claim): number {
  return strengths.indexOf(confidence);
}
