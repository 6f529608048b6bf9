import { describePlacement } from "./behaviour.ts";

describePlacement("scheduler");
