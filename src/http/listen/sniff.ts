import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import { deadline as startDeadline } from "../../core/deadline.ts";

/** What a connection's first bytes say that it speaks. */
export type Opening = "http2" | "http1" | "tls";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const tlsHandshake = 0x16;

/** Decides by the bytes so far; undefined while they may still become the 24-byte preface (RFC 9113, section 3.4). */
export function classify(seen: Buffer): Opening | undefined {
  if (seen[0] === tlsHandshake) return "tls";
  const compared = Math.min(seen.length, preface.length);
  if (seen.compare(preface, 0, compared, 0, compared) !== 0) return "http1";
  return compared === preface.length ? "http2" : undefined;
}

export interface SniffOptions {
  readonly clock: Clock;
  /** A socket that has not said what it speaks by then is destroyed, in milliseconds. */
  readonly withinMs: number;
}

/**
 * Reads until the bytes tell the protocol, puts all of them back at once, and hands the socket on with nobody reading
 * it. Bytes that are put back sooner would be read again and again: `readable` fires for them too.
 */
export function sniff(socket: Socket, { clock, withinMs }: SniffOptions, decided: (opening: Opening) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const giveUp = () => socket.destroy();
  const deadline = startDeadline(clock, withinMs, giveUp);

  function release(): void {
    deadline[Symbol.dispose]();
    socket.off("readable", read);
    socket.off("end", giveUp);
    socket.off("error", giveUp);
    socket.off("close", release);
  }
  function read(): void {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    }
    const opening = seen.length === 0 ? undefined : classify(seen);
    if (opening === undefined) return;
    release();
    socket.unshift(seen);
    decided(opening);
  }

  socket.on("readable", read);
  socket.on("end", giveUp);
  socket.on("error", giveUp);
  socket.on("close", release);
}
