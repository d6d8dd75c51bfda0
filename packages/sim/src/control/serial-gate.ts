import { BusyError, LinkError, type SerialLink, type SimBoard, type SimSerialOptions } from "@espx/proto";

/** Who has a board's serial port. */
export interface SerialHolder {
  readonly command: string;
  /** Undefined where only a network address is known. */
  readonly pid?: number;
}

/** A board's serial port while somebody has it. */
export interface SerialClaim {
  readonly link: SerialLink;
  /** Lets both modem lines go and gives the port back; may be called twice. */
  release(): Promise<void>;
}

/** The one serial port of a board, shared by the ways that lead to it: who comes second is told who was first. */
export class SerialGate {
  readonly #board: Pick<SimBoard, "name" | "openSerial">;
  #holder: SerialHolder | undefined;

  constructor(board: Pick<SimBoard, "name" | "openSerial">) {
    this.#board = board;
  }

  get holder(): SerialHolder | undefined {
    return this.#holder;
  }

  /** @throws BusyError `port/busy`, naming the holder */
  claim(holder: SerialHolder, options: Pick<SimSerialOptions, "rateless"> = {}): SerialClaim {
    if (this.#holder !== undefined) throw busy(this.#board.name, this.#holder);
    const link = this.#board.openSerial(options);
    this.#holder = holder;
    let released: Promise<void> | undefined;
    return { link, release: () => (released ??= this.#release(link, holder)) };
  }

  async #release(link: SerialLink, holder: SerialHolder): Promise<void> {
    try {
      // A vanished client must not leave the board held in reset.
      await link.setSignals({ dtr: false, rts: false });
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
    } finally {
      await link.close();
      if (this.#holder === holder) this.#holder = undefined;
    }
  }
}

/** `espx repl (pid 4711)`. */
function formatHolder(holder: SerialHolder): string {
  return holder.pid === undefined ? holder.command : `${holder.command} (pid ${holder.pid})`;
}

function busy(name: string, holder: SerialHolder): BusyError {
  return new BusyError("port/busy", `sim:${name} is in use by ${formatHolder(holder)}`, {
    hint: "close that program, or wait until it ends, and try again",
    details: { url: `sim:${name}`, holder },
  });
}
