import { type EspxError, isEspxError } from "@espx/proto";

/** The espx error that `promise` rejects with; fails the test on any other outcome. */
export async function errorOf(promise: Promise<unknown>): Promise<EspxError> {
  const outcome = await promise.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (!isEspxError(outcome)) throw outcome;
  return outcome;
}
