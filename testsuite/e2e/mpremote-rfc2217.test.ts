import { testMpremote } from "./_mpremote.ts";

testMpremote({ name: "RFC 2217", url: 1, pty: false, needs: "mpremote", there: true });
