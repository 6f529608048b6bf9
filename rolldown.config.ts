/**
 * Builds what the container runs: one file, without the thousands of generated API models of the Kubernetes client.
 * Loading those costs 57 MiB of memory and 0.4 s, and nothing here uses them. See docs/adr/0006-bundle.md.
 */

import { readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const bundled = new Set(["@kubernetes/client-node"]);

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  // node-vsphere-soap cannot be bundled (it is no strict-mode code); the rest need not be.
  external: Object.keys(dependencies).filter((name) => !bundled.has(name)),
  treeshake: { moduleSideEffects: false },
  output: { file: "dist/main.js", format: "esm", sourcemap: true },
});
