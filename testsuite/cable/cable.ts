import type { Suite } from "../figures/row.ts";
import { deployCuts } from "./deploy-cuts.ts";
import { flashCuts } from "./flash-cuts.ts";

/** The cable is pulled, at random and again and again. */
export const cable: Suite = async (options) => [...(await deployCuts(options)), ...(await flashCuts(options))];
