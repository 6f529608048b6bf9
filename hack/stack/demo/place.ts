/** Where the demo keeps its stack: apart from that of `make up`. */
import path from "node:path";
import { repositoryRoot } from "../tools/families.ts";

export const demoDir = path.join(repositoryRoot, ".local", "demo");
