import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "../../core/clock.ts";
import { deadline } from "../../core/deadline.ts";
import type { RawRequest } from "../servers/index.ts";

/** A request's body as it comes. */
export const bodyOf = (request: RawRequest): AsyncIterable<Uint8Array> => chunksOf(request);

// A handler that answers before the body ends stops reading; that must not end the connection under its answer.
const chunksOf = (request: RawRequest): AsyncIterableIterator<Uint8Array> =>
  request.iterator({ destroyOnReturn: false });

/** A request's body that must end within so many milliseconds; it fails with `deadline_exceeded` otherwise. */
export async function* bodyWithin(request: RawRequest, ms: number, clock: Clock): AsyncGenerator<Uint8Array> {
  const overdue = Promise.withResolvers<never>();
  // A body that fails first leaves nobody who waits.
  overdue.promise.catch(() => undefined);
  using _deadline = deadline(clock, ms, () =>
    overdue.reject(new ConnectError(`the request's body did not come within ${ms} ms`, Code.DeadlineExceeded)),
  );
  const chunks = chunksOf(request);
  for (;;) {
    const next = await Promise.race([chunks.next(), overdue.promise]);
    if (next.done) return;
    yield next.value;
  }
}
