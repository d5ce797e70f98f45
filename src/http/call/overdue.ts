import { Code, ConnectError } from "@connectrpc/connect";

/** The caller's own deadline has passed; in Connect's words, which does the same for streams. */
export const timedOut = (): ConnectError => new ConnectError("the operation timed out", Code.DeadlineExceeded);

/** The caller did not send its one message in time. */
export function bodyOverdue(requestMs: number): ConnectError {
  return new ConnectError(`the request's body did not come within ${requestMs} ms`, Code.DeadlineExceeded);
}

/** The caller reset its stream, or its connection ended. */
export const callerGone = (): ConnectError => new ConnectError("the caller went away", Code.Canceled);
