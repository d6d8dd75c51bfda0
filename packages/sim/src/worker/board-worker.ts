import { workerData } from "node:worker_threads";
import { runBoard } from "./board-run.ts";
import type { StartData } from "./start-data.ts";

runBoard(workerData as StartData);
