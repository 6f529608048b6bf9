/** Turns a zod schema into the structural schema of a CRD. */

import { z } from "zod";

/** Part of a manifest. */
export interface Schema {
  [key: string]: unknown;
}

export function structuralSchema(type: z.ZodType): Schema {
  const schema = z.toJSONSchema(type, {
    target: "openapi-3.0",
    io: "input",
    override: ({ jsonSchema }) => {
      // zod spells out JavaScript's safe integers and the regular expression of a date: "format" says both.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  });
  return schema;
}
