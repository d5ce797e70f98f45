import { constants, type ServerHttp2Session } from "node:http2";
import type { Clock } from "../../core/clock.ts";
import { deadline } from "../../core/deadline.ts";
import type { Limits } from "../limits.ts";
import type { Connection } from "../listen/index.ts";

/**
 * Watches over an HTTP/2 connection until it closes: pings it and ends it where no answer comes, and asks it to go where
 * it makes no first request or has made none for long. Clients may ping as often as they like.
 */
export function keepSession(session: ServerHttp2Session, connection: Connection, limits: Limits, clock: Clock): void {
  const firstRequest = deadline(clock, limits.firstRequestMs, () => {
    if (connection.served === 0) session.close();
  });
  let timer = clock.after(limits.pingMs, ping);

  function ping(): void {
    if (session.destroyed) return;
    const idle = connection.active === 0 && clock.monotonic() - connection.lastUsed >= limits.idleMs;
    if (idle) session.close();
    if (session.destroyed) return;
    timer = deadline(clock, limits.pingAckMs, () => session.destroy(undefined, constants.NGHTTP2_NO_ERROR));
    session.ping((error) => {
      timer[Symbol.dispose]();
      if (!error && !session.destroyed) timer = clock.after(limits.pingMs, ping);
    });
  }
  session.once("close", () => {
    firstRequest[Symbol.dispose]();
    timer[Symbol.dispose]();
  });
}
