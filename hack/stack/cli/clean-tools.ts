/** `make clean-tools`: removes every built tool from the cache. */
import { rmSync } from "node:fs";
import { cacheRoot } from "../tools/cache.ts";

const folder = cacheRoot(process.env);
rmSync(folder, { recursive: true, force: true });
console.log(`Removed ${folder}.`);
