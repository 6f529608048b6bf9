/** Brings what is known of an object up to date with what vCenter tells of it. */
import type { ObjectChange, PropertyBag } from "./decode.ts";

/** An `enter` tells everything; other changes tell what changed, and a path is either a value or refused. */
export function mergeChange(known: PropertyBag | undefined, change: ObjectChange): PropertyBag {
  const { object } = change;
  if (!known || change.kind === "enter")
    return { object, values: change.values, refused: change.refused };
  const refused = new Map([...known.refused].filter(([path]) => !change.values.has(path)));
  for (const [path, fault] of change.refused) refused.set(path, fault);
  const values = new Map([...known.values, ...change.values]);
  for (const path of change.refused.keys()) values.delete(path);
  return { object, values, refused };
}
