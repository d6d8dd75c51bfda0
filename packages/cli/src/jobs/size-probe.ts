/** What one module took when it was loaded, without the modules that it loaded itself. */
interface Loaded {
  readonly name: string;
  /** Where the board found it. */
  readonly path: string;
  readonly heapBytes: number;
  readonly importMs: number;
}

/** The heap of a board that has been running for a while. */
interface RunningHeap {
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
}

/** What the probe has said so far. */
export interface ProbeReport {
  readonly modules: readonly Loaded[];
  /** What the launcher itself holds when it loads the first module. */
  readonly launcherHeapBytes: number;
  /** undefined as long as the board has not run long enough. */
  readonly running: RunningHeap | undefined;
}

/** When the heap of the running program is looked at: after that much of the board's time. */
export const RUNNING_AFTER_MS = 60_000;

/** The smallest piece of MicroPython's heap on a 32-bit machine. */
const HEAP_BLOCK_BYTES = 16;

/**
 * Python that goes in front of a board's boot.py: from then on every module that is loaded is weighed.
 *
 * Weighing collects garbage around each import and so takes time; `weigh` false measures time alone.
 */
export function probeSource(weigh: boolean): string {
  return `def _probe(weigh):
    import builtins, gc, machine, micropython, sys, time

    real = builtins.__import__
    heap = [0] * 32
    took = [0] * 32
    depth = 0

    def used():
        gc.collect()
        return gc.mem_alloc()

    def load(*call):
        nonlocal depth
        name = call[0]
        if name in sys.modules or depth == 30:
            return real(*call)
        start = time.ticks_us()
        before = used() if weigh else 0
        depth += 1
        heap[depth] = took[depth] = 0
        try:
            found = real(*call)
        finally:
            depth -= 1
        us = time.ticks_diff(time.ticks_us(), start)
        taken = used() - before if weigh else 0
        if name in sys.modules:
            path = getattr(sys.modules[name], "__file__", "")
            print("#size module", name, path or "-", before, taken - heap[depth + 1], us - took[depth + 1])
        heap[depth] += taken
        took[depth] += time.ticks_diff(time.ticks_us(), start)
        return found

    def look(_):
        print("#size running", used(), gc.mem_free())
        micropython.mem_info()

    if weigh:
        machine.Timer(2).init(mode=machine.Timer.ONE_SHOT, period=${RUNNING_AFTER_MS}, callback=look)
    builtins.__import__ = load


_probe(${weigh ? "True" : "False"})
del _probe
`;
}

/** A main.py that says what there was before it, in the place of the launcher. */
export const baseSource = 'import gc\ngc.collect()\nprint("#size base", gc.mem_alloc())\n';

/** What {@link baseSource} said; undefined as long as it has not. */
export function readBase(console: string): number | undefined {
  const match = /^#size base (\d+)$/m.exec(console);
  return match === null ? undefined : Number(match[1]);
}

/**
 * Reads what the probe printed among everything else on the console.
 *
 * @param base - bytes of heap in use before the launcher
 */
export function readProbe(console: string, base = 0): ProbeReport {
  const lines = [...console.matchAll(/^#size module (\S+) (\S+) (\d+) (-?\d+) (-?\d+)$/gm)];
  // What is loaded again takes the place of what was let go.
  const latest = new Map(lines.filter(([, , path]) => path !== "-").map((line) => [line[2], line] as const));
  const files = lines.filter((line) => latest.get(line[2]) === line);
  const modules = files.map(([, name = "", path = "", , heap, us]) => ({
    name,
    path,
    heapBytes: Math.max(0, Number(heap)),
    importMs: Math.max(0, Number(us)) / 1000,
  }));
  // A module is printed after those that it loaded, so the least is what there was before the first.
  const beforeAll = Math.min(...files.map(([, , , before]) => Number(before)));
  const running = /^#size running (\d+) (\d+)$[\s\S]*?max free sz: (\d+)/m.exec(console);
  return {
    modules,
    launcherHeapBytes: files.length === 0 ? 0 : Math.max(0, beforeAll - base),
    running:
      running === null
        ? undefined
        : {
            usedBytes: Math.max(0, Number(running[1]) - base),
            freeBytes: Number(running[2]),
            largestFreeBytes: Number(running[3]) * HEAP_BLOCK_BYTES,
          },
  };
}
