/** What the prompt needs from the program that runs in it. */
export interface PromptProgram {
  /** Takes the request for a soft reset that the program made by `machine.soft_reset()`. */
  takeSoftReset(): boolean;
}
