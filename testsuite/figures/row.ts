/** One figure, for people and for scripts; null where a field has no meaning. */
export interface Row {
  readonly suite: string;
  readonly row: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** `value / peerValue`. */
  readonly ratio: number | null;
  /** What must hold, in words, for example `ratio <= 1.35` or `= 0`. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** What `npm run bench` and `npm run soak` hand to a suite. */
export interface FigureOptions {
  /** A seeded part of a long suite, as CI takes it. */
  readonly sample: boolean;
  readonly seed: number;
  /** Says on stderr how far a long run has come. */
  readonly note: (text: string) => void;
}

export type Suite = (options: FigureOptions) => Promise<readonly Row[]>;

/** A plain count or size without a peer. */
export function figure(suite: string, row: string, value: number, unit: string): Row {
  return { suite, row, value, unit, peer: null, peerValue: null, ratio: null, goal: null, met: null };
}

/** A count of failures, which must be 0. */
export function failures(suite: string, row: string, value: number): Row {
  return { ...figure(suite, row, value, "failures"), goal: "= 0", met: value === 0 };
}

/** A measurement beside a peer's in the same run, with the largest ratio that is good enough. */
export function compared(
  measured: Pick<Row, "suite" | "row" | "value" | "unit">,
  peer: { readonly name: string; readonly value: number; readonly maxRatio: number },
): Row {
  const ratio = measured.value / peer.value;
  const goal = `ratio <= ${peer.maxRatio}`;
  return { ...measured, peer: peer.name, peerValue: peer.value, ratio, goal, met: ratio <= peer.maxRatio };
}
