import { constants } from "node:http2";
import { grpcHeaders, health } from "../protocols/support/http2-client.ts";
import { actHeader, numberHeader } from "./acting.ts";
import type { Act } from "./generated-call.ts";
import { openSession } from "./perform.ts";
import type { TwoWays } from "./two-ways.ts";
import type { Way } from "./way.ts";

const waits: Act = { does: "wait", detail: "answer", after: 1, watches: false };
const number = "held";

/** Lets both front doors drain, and keeps them open meanwhile: each has a call that ends with the result's life. */
export async function drainBoth({ lean, connect }: TwoWays): Promise<AsyncDisposable> {
  const ends = await Promise.all([drainHeld(lean), drainHeld(connect)]);
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(ends.map((end) => end()))) };
}

async function drainHeld({ fixture, acting }: Way): Promise<() => Promise<void>> {
  const session = await openSession(fixture.url, undefined);
  const served = acting.served(number);
  const stream = session.request(grpcHeaders(health, { [numberHeader]: number, [actHeader]: JSON.stringify(waits) }));
  stream.on("error", () => undefined).end(Buffer.alloc(5));
  await served;
  const drained = fixture.door.drain("test", 60_000);
  return async () => {
    stream.close(constants.NGHTTP2_CANCEL);
    await drained;
  };
}
