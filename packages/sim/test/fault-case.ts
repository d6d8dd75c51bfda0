import type { SimFault } from "@espx/proto";
import type { BoardFixture } from "./board-fixture.ts";

/** One fault as a program on the board sees it, in virtual time. */
export interface FaultCase {
  readonly title: string;
  readonly fault: SimFault;
  readonly main: string;
  /** What the program prints before the fault is given; both default to nothing at once. */
  readonly before?: RegExp;
  readonly beforeMs?: number;
  /** What comes over the serial line after the fault was given. */
  readonly typed?: string;
  /** What the program prints then. */
  readonly after: RegExp;
  readonly afterMs: number;
  /** Power comes back after the fault took it. */
  readonly powerOn?: boolean;
  readonly undo?: SimFault;
  readonly undone?: RegExp;
  readonly undoneMs?: number;
  readonly prepare?: (fixture: BoardFixture) => void;
}

export type FaultKind = SimFault["kind"];
export type FaultOf<K extends FaultKind> = Extract<SimFault, { readonly kind: K }>;
/** Cases of one fault. */
export type CasesOf<K extends FaultKind> = readonly (FaultCase & { readonly fault: FaultOf<K> })[];
