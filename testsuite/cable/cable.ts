import type { Suite } from "../figures/row.ts";
import { flashCuts } from "./flash-cuts.ts";

/** The cable is pulled, at random and again and again. */
export const cable: Suite = (options) => flashCuts(options);
