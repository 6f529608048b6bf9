/** Writes crd/ from the schemas in src/api; with --check it only says whether crd/ is current. */

import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { gpuInfoDefinition } from "./crd/gpuinfo.ts";
import { maintenanceWindowDefinition } from "./crd/maintenance-window.ts";
import type { Schema } from "./crd/structural-schema.ts";

const isCheck = process.argv.includes("--check");

function generate(name: string, source: string, definition: Schema): void {
  const path = new URL(`../crd/${name}.yaml`, import.meta.url);
  const yaml = stringify(definition, { lineWidth: 100 });
  const text = `# Generated from ${source} by "npm run generate"; do not edit.\n${yaml}`;
  if (!isCheck) {
    writeFileSync(path, text);
  } else if (readFileSync(path, "utf8") !== text) {
    console.error(`crd/${name}.yaml is not what ${source} says: run "npm run generate".`);
    process.exitCode = 1;
  }
}

generate("gpuinfo", "src/api/gpuinfo.ts", gpuInfoDefinition);
generate("maintenancewindow", "src/api/maintenance-window.ts", maintenanceWindowDefinition);
