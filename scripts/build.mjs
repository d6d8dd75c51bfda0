// npm run build: everything that is made from source.
import { build, install } from "./setup.mjs";

install();
build();
