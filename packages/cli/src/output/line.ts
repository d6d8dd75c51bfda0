/** What a person is shown of an event: what a verb was asked for goes to stdout, the rest to stderr. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** A line of what was asked for. */
export const result = (text: string): Line => ({ stream: "stdout", text: `${text}\n` });

/** A line beside it. */
export const remark = (text: string): Line => ({ stream: "stderr", text: `${text}\n` });
