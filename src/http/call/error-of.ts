import { ConnectError } from "@connectrpc/connect";
import { Refusal } from "../../core/refusal.ts";
import { toConnectError } from "./connect-error.ts";

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
