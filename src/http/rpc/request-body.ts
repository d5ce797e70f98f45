import type { Clock } from "../../core/clock.ts";
import { deadline } from "../../core/deadline.ts";
import { bodyOverdue, callerGone, timedOut } from "../call/index.ts";
import { isHttp2, type RawRequest } from "../servers/index.ts";

/** A request's body as it comes. */
export const bodyOf = (request: RawRequest): AsyncIterable<Uint8Array> => chunksOf(request);

// A handler that answers before the body ends stops reading; that must not end the connection under its answer.
const chunksOf = (request: RawRequest): AsyncIterableIterator<Uint8Array> =>
  request.iterator({ destroyOnReturn: false });

export interface Patience {
  /** How long any body may take. */
  readonly requestMs: number;
  /** How long the caller itself waits for the answer; undefined where it does not say. */
  readonly timeoutMs: number | undefined;
}

/** A request's body that must end in time, in milliseconds; it fails with `deadline_exceeded` otherwise. */
export async function* bodyWithin(
  request: RawRequest,
  { requestMs, timeoutMs }: Patience,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const overdue = Promise.withResolvers<never>();
  // A body that fails first leaves nobody who waits.
  overdue.promise.catch(() => undefined);
  const isImpatient = timeoutMs !== undefined && timeoutMs < requestMs;
  using _deadline = deadline(clock, isImpatient ? timeoutMs : requestMs, () =>
    overdue.reject(isImpatient ? timedOut() : bodyOverdue(requestMs)),
  );
  const chunks = chunksOf(request);
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), overdue.promise]);
      if (next.done) break;
      yield next.value;
    }
    // Node ends the body of a stream that its caller has reset as if all of it had come.
    if (isHttp2(request) && request.stream.closed) throw callerGone();
  } finally {
    // Not awaited: where the body is overdue, this waits for it too.
    void chunks.return?.();
  }
}
