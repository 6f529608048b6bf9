/** Writes crd/ from the schema in src/api; with --check it only says whether crd/ is current. */

import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { z } from "zod";
import { GpuInfoSpec, GpuInfoStatus } from "../src/api/gpuinfo.ts";
import { group, kind, plural, version } from "../src/api/group.ts";

interface Schema {
  [key: string]: unknown;
}

function structuralSchema(type: z.ZodType): Schema {
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

function customResourceDefinition(): Schema {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: ["gpu"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            column("Desired Access Time (Hrs)", "integer", ".spec.desAccTime"),
            column("GPU Required", "boolean", ".spec.gpuRequired"),
            column("Node", "string", ".status.suitableNodeName"),
            column("Host", "string", ".status.suitableHostName"),
            column("Available (Hrs)", "integer", ".status.availableAcceleratorTime"),
            column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
            column("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason'),
            column("Age", "date", ".metadata.creationTimestamp"),
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              description:
                "Asks which node a long-running job should run on, so that it has the accelerator that it needs and its ESXi host stays up until the job is done.",
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: { ...structuralSchema(GpuInfoSpec), default: {} },
                status: structuralSchema(GpuInfoStatus),
              },
            },
          },
        },
      ],
    },
  };
}

function column(name: string, type: string, jsonPath: string) {
  return { name, type, jsonPath };
}

const path = new URL("../crd/gpuinfo.yaml", import.meta.url);
const text = `# Generated from src/api/gpuinfo.ts by "npm run generate"; do not edit.\n${stringify(customResourceDefinition(), { lineWidth: 100 })}`;

if (!process.argv.includes("--check")) {
  writeFileSync(path, text);
} else if (readFileSync(path, "utf8") !== text) {
  console.error('crd/gpuinfo.yaml is not what src/api/gpuinfo.ts says: run "npm run generate".');
  process.exitCode = 1;
}
