/** Where the stacks of this checkout live, apart from each other. */
import path from "node:path";
import { repositoryRoot } from "./tools/families.ts";

const localDir = path.join(repositoryRoot, ".local");

/** The stack of `make up`. */
export const stackDir = localDir;
/** The stack of `make demo`. */
export const demoDir = path.join(localDir, "demo");
/** The folder that has a folder for each stack of a test. */
export const scratchRoot = path.join(localDir, "scratch");
