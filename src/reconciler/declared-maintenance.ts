/** Sums what all MaintenanceWindows say up by host, cluster and node, and keeps what stays the same. */

import type { Targets } from "../api/declared-window.ts";
import type { Outlook } from "../api/expand-window.ts";
import type { DeclaredMaintenance, MaintenanceHorizon } from "../selection/model.ts";
import { joinHorizons } from "../selection/windows.ts";

/** One MaintenanceWindow at one moment. */
export interface Declaration {
  readonly name: string;
  readonly targets: Targets;
  /** Names of the nodes that its selector selects. */
  readonly nodes: ReadonlySet<string>;
  /** Undefined as long as nobody looked. */
  readonly outlook: Outlook | undefined;
}

export class DeclarationSum {
  #current: DeclaredMaintenance = { byHost: new Map(), byCluster: new Map(), byNode: new Map() };
  /** What the same declarations say together is one object; by their names. */
  #horizons: ReadonlyMap<string, MaintenanceHorizon> = new Map();

  /** @returns the same object, and in it the same horizons, as long as they say the same */
  sum(declarations: readonly Declaration[]): DeclaredMaintenance {
    const horizons = new Map<string, MaintenanceHorizon>();
    const by = (namesOf: (declaration: Declaration) => Iterable<string>) =>
      this.#sumBy(declarations, namesOf, horizons);
    const next: DeclaredMaintenance = {
      byHost: by(({ targets }) => targets.hosts),
      byCluster: by(({ targets }) => targets.clusters),
      byNode: by(({ nodes }) => nodes),
    };
    this.#horizons = horizons;
    if (!isSame(this.#current, next)) this.#current = next;
    return this.#current;
  }

  #sumBy(
    declarations: readonly Declaration[],
    namesOf: (declaration: Declaration) => Iterable<string>,
    horizons: Map<string, MaintenanceHorizon>,
  ): ReadonlyMap<string, MaintenanceHorizon> {
    const groups = new Map<string, Group>();
    const nobody = new Group([]);
    for (const declaration of declarations) {
      for (const name of namesOf(declaration)) {
        groups.set(name, (groups.get(name) ?? nobody).and(declaration));
      }
    }
    const joined = new Map<Group, MaintenanceHorizon>();
    const horizonOfGroup = (group: Group): MaintenanceHorizon => {
      const horizon = joined.get(group) ?? this.#join(group.declarations, horizons);
      joined.set(group, horizon);
      return horizon;
    };
    return new Map(Array.from(groups, ([name, group]) => [name, horizonOfGroup(group)]));
  }

  #join(
    declarations: readonly Declaration[],
    horizons: Map<string, MaintenanceHorizon>,
  ): MaintenanceHorizon {
    const key = declarations.map(({ name }) => name).join();
    const known = horizons.get(key);
    if (known !== undefined) return known;
    const next = joinHorizons(declarations.map(horizonOf));
    const before = this.#horizons.get(key);
    const horizon = before && JSON.stringify(before) === JSON.stringify(next) ? before : next;
    horizons.set(key, horizon);
    return horizon;
  }
}

/** Declarations that concern the same: thousands of nodes are in few groups. */
class Group {
  readonly declarations: readonly Declaration[];
  readonly #larger = new Map<Declaration, Group>();

  constructor(declarations: readonly Declaration[]) {
    this.declarations = declarations;
  }

  /** The same group for the same declaration; this one, if that was the last to be added. */
  and(declaration: Declaration): Group {
    if (this.declarations.at(-1) === declaration) return this;
    const known = this.#larger.get(declaration);
    if (known !== undefined) return known;
    const larger = new Group([...this.declarations, declaration]);
    this.#larger.set(declaration, larger);
    return larger;
  }
}

/** What cannot be understood, or was not yet looked at, may be maintenance at any time. */
function horizonOf({ name, outlook }: Declaration): MaintenanceHorizon {
  if (outlook === undefined)
    return { kind: "unknown", why: `MaintenanceWindow ${name} is not read yet`, windows: [] };
  if (outlook.kind === "known") return { kind: "known", windows: outlook.windows };
  return { kind: "unknown", why: `MaintenanceWindow ${name}: ${outlook.message}`, windows: [] };
}

function isSame(a: DeclaredMaintenance, b: DeclaredMaintenance): boolean {
  return (
    sameEntries(a.byHost, b.byHost) &&
    sameEntries(a.byCluster, b.byCluster) &&
    sameEntries(a.byNode, b.byNode)
  );
}

function sameEntries<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
