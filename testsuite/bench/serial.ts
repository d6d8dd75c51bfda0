import type { Suite } from "../figures/row.ts";
import { deployRows } from "./serial/deploy-rows.ts";
import { flashRows } from "./serial/flash-rows.ts";

/** The cable: deploys beside mpremote, flash beside esptool and esptool-js. */
export const serial: Suite = async (options) => [...(await deployRows(options)), ...(await flashRows(options))];
