/** Paths of what a virtual board is made of. */
export interface SimAssetFiles {
  readonly wasm: string;
  readonly layout: string;
  /** The code of a board's worker, one bundled module. */
  readonly worker: string;
  /** Folder of the Python modules that stand in for the chip's. */
  readonly python: string;
}

/** Their names in a folder of a package. */
export const assetNames: SimAssetFiles = {
  wasm: "interpreter.wasm",
  layout: "interpreter.json",
  worker: "board-worker.mjs",
  python: "python",
};
