/** Builds what the container runs, and the local stack with it: one file. See docs/adr/0006-bundle.md. */

import { defineConfig } from "rolldown";

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  // Only what is large and little used is bundled. node-vsphere-soap could not be: it is no strict-mode code.
  external: ["axios", "express", "node-vsphere-soap", "pino", "prom-client", "soap", "zod"],
  treeshake: { moduleSideEffects: false },
  output: { file: "dist/main.js", format: "esm" },
});
