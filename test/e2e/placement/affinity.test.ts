import { describePlacement } from "./behaviour.ts";

describePlacement("affinity");
