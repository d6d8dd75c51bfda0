import { has } from "../programs.ts";
import { testMpremote } from "./_mpremote.ts";

testMpremote({ name: "a pseudo-terminal", url: 2, pty: true, needs: "mpremote and socat", there: has("socat") });
