import { Code, ConnectError } from "@connectrpc/connect";
import { Refusal } from "../../core/refusal.ts";

const unreadable = "parse binary: ";

/**
 * Puts right what the stack says about a message that it cannot read, in place and before it is written: such a message
 * is the caller's fault and `invalid_argument`, where the stack says `internal`. What else is `internal` and not
 * a refusal of ours says nothing to the caller.
 */
export function amendCodecError(error: ConnectError): void {
  if (error.code !== Code.Internal || error.cause instanceof Refusal) return;
  const amended: { code: Code; rawMessage: string } = error;
  if (error.rawMessage.startsWith(unreadable)) amended.code = Code.InvalidArgument;
  else amended.rawMessage = "internal error";
}

/** The refusal for a frame of a client's stream that the stack could not read; undefined for any other failure. */
export function frameRefusal(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof ConnectError)) return undefined;
  if (thrown.code === Code.ResourceExhausted) return new Refusal("limit-reached", { says: thrown.rawMessage });
  if (thrown.code === Code.InvalidArgument || thrown.rawMessage.startsWith(unreadable)) {
    return new Refusal("request-invalid", { says: thrown.rawMessage });
  }
  return undefined;
}
