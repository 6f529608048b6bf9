import { describePlacement } from "./behaviour.ts";

describePlacement("extender");
