import { fileURLToPath } from "node:url";
import { packAssets } from "../../sim/build/assets.ts";

// Puts the interpreter and the code of a virtual board where a packed espx looks for them.
await packAssets(fileURLToPath(new URL("../dist/assets/sim", import.meta.url)));
