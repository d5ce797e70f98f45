import { ConnectError } from "@connectrpc/connect";
import { Refusal } from "../../core/refusal.ts";
import { toConnectError } from "./connect-error.ts";

/** What is no error that anybody meant to tell: `internal` for the caller, and the log gets the cause. */
export const unexpected = (thrown: unknown): ConnectError => toConnectError(new Refusal("internal", { cause: thrown }));

/**
 * The error that a guarded call ends with. Where the call was cut off, and that is why it failed, the reason is told: the
 * deadline, the drain, the end of the credential.
 * @param cutOffBy undefined where the call was not cut off
 */
export function errorOf(thrown: unknown, cutOffBy: unknown): ConnectError {
  const refusal = Refusal.from(thrown);
  const cause = cutOffBy !== undefined && refusal.reason === "internal" ? cutOffBy : refusal;
  return cause instanceof ConnectError ? cause : toConnectError(cause);
}
