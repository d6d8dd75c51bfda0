import type { Suite } from "../figures/row.ts";
import { flashRows } from "./serial/flash-rows.ts";

/** The cable: flash beside esptool and esptool-js. */
export const serial: Suite = (options) => flashRows(options);
