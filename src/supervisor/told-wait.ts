import { ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** No gateway may send a supervisor away for longer, or have it try again without any wait; in milliseconds. */
const bounds = { least: 100, most: 60_000 } as const;
/** Added on top, as a share: those that were told the same come apart, and none comes sooner than it was told. */
const jitter = 0.1;

/**
 * How long the gateway asks to wait before the next try (`google.rpc.RetryInfo`), in milliseconds, within sane bounds;
 * undefined where the failure does not say.
 * @param random a number in [0, 1)
 */
export function toldWait(failure: unknown, random: () => number): number | undefined {
  const delay = failure instanceof ConnectError ? failure.findDetails(RetryInfoSchema)[0]?.retryDelay : undefined;
  if (!delay) return undefined;
  const ms = Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
  return Math.min(Math.max(ms, bounds.least), bounds.most) * (1 + jitter * random());
}
