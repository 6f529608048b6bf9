/** Finds what was written into one custom attribute of an object. */
import { childOf, type PropertyBag, readInteger, readList, readString } from "./decode.ts";
import { orUndefined } from "./or-undefined.ts";
import { customValuePath, fieldsPath } from "./properties.ts";
import { nameInWords } from "./words.ts";

/** Which custom attributes there are. The same name may be defined for several types of object, each with a key of its own. */
export type AttributeDefinitions =
  | {
      readonly kind: "known";
      /** Of the attribute that we read. */
      readonly keys: ReadonlySet<number>;
      /** Of all attributes. */
      readonly allKeys: ReadonlySet<number>;
    }
  | { readonly kind: "unknown"; readonly why: string };

/** What an object has in the attribute. */
export type AttributeValue =
  | { readonly kind: "blank" }
  /** Several texts only where the attribute is defined for all types, and for this one once more. */
  | { readonly kind: "written"; readonly texts: readonly string[] }
  | { readonly kind: "unknown"; readonly why: string };

/** Reads the CustomFieldsManager; upper and lower case are the same in an attribute's name. */
export function decodeDefinitions(bag: PropertyBag, attribute: string): AttributeDefinitions {
  const [fault] = bag.refused.values();
  if (fault !== undefined) {
    const why = `vCenter answers ${fault} for its custom attributes: give the account the Read-only role at the root`;
    return { kind: "unknown", why };
  }
  const fields = orUndefined(() => readFields(bag.values.get(fieldsPath)));
  if (fields === undefined)
    return { kind: "unknown", why: "vCenter's list of custom attributes has an unknown form" };
  const name = attribute.trim().toLowerCase();
  return {
    kind: "known",
    keys: new Set(fields.filter((field) => field.name === name).map(({ key }) => key)),
    allKeys: new Set(fields.map(({ key }) => key)),
  };
}

/** Reads an object's `customValue`. */
export function readAttribute(bag: PropertyBag, keys: ReadonlySet<number>): AttributeValue {
  const fault = bag.refused.get(customValuePath) ?? bag.refused.get("*");
  if (fault !== undefined) {
    const why = `vCenter answers ${fault} for the custom attributes of ${nameInWords(bag)}: give the account the Read-only role at the root, propagated`;
    return { kind: "unknown", why };
  }
  const values = orUndefined(() => readValues(bag));
  if (values === undefined)
    return {
      kind: "unknown",
      why: `the custom attributes of ${nameInWords(bag)} have an unknown form`,
    };
  const texts = values
    .filter(({ key, text }) => keys.has(key) && text !== "")
    .map(({ text }) => text);
  return texts.length === 0 ? { kind: "blank" } : { kind: "written", texts };
}

/** All values that an object has; none where they cannot be read. */
export function valuesOf(
  bag: PropertyBag,
): readonly { readonly key: number; readonly text: string }[] {
  return orUndefined(() => readValues(bag)) ?? [];
}

function readFields(value: unknown) {
  return readList(value, "CustomFieldDef", fieldsPath).map((field) => ({
    key: readInteger(childOf(field, "key"), "field.key"),
    name: readString(childOf(field, "name"), "field.name").trim().toLowerCase(),
  }));
}

function readValues(bag: PropertyBag) {
  const value = bag.values.get(customValuePath);
  const entries = readList(value, "CustomFieldValue", customValuePath);
  return entries.map((entry) => ({
    key: readInteger(childOf(entry, "key"), "customValue.key"),
    text: readString(childOf(entry, "value") ?? "", "customValue.value").trim(),
  }));
}
