import { Code, ConnectError } from "@connectrpc/connect";
import { Refusal } from "../../core/refusal.ts";

/** How the stack begins what it says of a message that it cannot read, or not decompress. */
const unreadable = /^(?:parse binary: |decompression failed$)/;

/** Errors that an implementation made for its callers to read. */
const meant = new WeakSet<ConnectError>();

/** Lets what an implementation has thrown reach its caller as it is, though it be `internal`. */
export function keepAsMeant(thrown: unknown): void {
  if (thrown instanceof ConnectError) meant.add(thrown);
}

/**
 * Puts right what the stack says about a message that it cannot read, in place and before it is written: such a message
 * is the caller's fault and `invalid_argument`, where the stack says `internal`. What else is `internal`, and
 * neither a refusal of ours nor {@link keepAsMeant | meant}, says nothing to the caller.
 */
export function amendCodecError(error: ConnectError): void {
  if (error.code !== Code.Internal || error.cause instanceof Refusal || meant.has(error)) return;
  const amended: { code: Code; rawMessage: string } = error;
  if (unreadable.test(error.rawMessage)) amended.code = Code.InvalidArgument;
  else amended.rawMessage = "internal error";
}

/** The refusal for a frame of a client's stream that the stack could not read; undefined for any other failure. */
export function frameRefusal(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof ConnectError)) return undefined;
  if (thrown.code === Code.ResourceExhausted) return new Refusal("limit-reached", { says: thrown.rawMessage });
  if (thrown.code === Code.InvalidArgument || unreadable.test(thrown.rawMessage)) {
    return new Refusal("request-invalid", { says: thrown.rawMessage });
  }
  return undefined;
}
