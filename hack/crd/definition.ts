/** Spells a CustomResourceDefinition. */

import type { Schema } from "./structural-schema.ts";

/** A kind of object, and how it is shown. */
export interface Definition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly description: string;
  readonly columns: readonly Column[];
  readonly spec: Schema;
  readonly status: Schema;
  /** Fields of the object that must be there. */
  readonly required?: readonly string[];
}

interface Column {
  readonly name: string;
  readonly type: "integer" | "boolean" | "string" | "date";
  readonly jsonPath: string;
  /** Above 0: shown by `kubectl get -o wide` alone. */
  readonly priority?: number;
}

export function column(
  name: string,
  type: Column["type"],
  jsonPath: string,
  priority?: number,
): Column {
  return { name, type, jsonPath, ...(priority !== undefined && { priority }) };
}

/** The column of a field of the Ready condition. */
export function readyColumn(name: string, field: "status" | "reason" | "message"): Column {
  return column(name, "string", `.status.conditions[?(@.type=="Ready")].${field}`);
}

export function customResourceDefinition(definition: Definition): Schema {
  const { group, version, kind, plural, shortName, scope } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  };
}

function objectSchema({ description, required, spec, status }: Definition): Schema {
  return {
    type: "object",
    description,
    ...(required && { required }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec,
      status,
    },
  };
}
