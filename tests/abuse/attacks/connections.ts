import type { Attack, Strike } from "../support/attack.ts";
import { opening, type PeerOptions } from "../support/peer.ts";
import { call, ends, headers, strangersCall, streams } from "./calls.ts";
import { relentless } from "./relentless.ts";

/** Keeps `count` connections open that say no more than `first`, and a new one for each that the gateway ends. */
function held(count: number, first: Buffer | string, more: Omit<PeerOptions, "port"> = {}): Strike {
  return async ({ port }, course) => {
    const hold = async () => {
      while (!course.isOver) {
        using peer = await course.open({ port, ...more });
        if (first.length > 0) await peer.write(first);
        // Who lingers is still there when the gateway has said goodbye.
        await (more.lingers ? course.over : Promise.race([peer.ended, course.over]));
      }
    };
    await Promise.all(Array.from({ length: count }, hold));
  };
}

/** The same on the port that speaks TLS. */
const heldWithTls =
  (count: number, first: Buffer | string, more: Omit<PeerOptions, "port"> = {}): Strike =>
  (target, course) =>
    held(count, first, more)({ ...target, port: target.tlsPort }, course);

/** Comes and goes, as fast as it can. */
function comings(atOnce: number, more: Omit<PeerOptions, "port"> = {}): Strike {
  return async ({ port, tlsPort }, course) => {
    const come = async () => {
      while (!course.isOver) {
        const peer = await course.open({ port: more.tls === undefined ? port : tlsPort, ...more });
        peer[Symbol.dispose]();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, come));
  };
}

/** The first bytes of a ClientHello (RFC 8446, section 4.1.2). */
const hello = Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
const stranger = strangersCall();

/** Connections that say little; the gateway's patience with each of them ends. */
export const quiet = {
  "connections that say nothing": { answer: "ends connections", isQuiet: true, strike: held(100, "") },
  "TLS handshakes that stop": { answer: "ends connections", isQuiet: true, strike: heldWithTls(50, hello) },
  "TLS and nothing after it": { answer: "ends connections", isQuiet: true, strike: heldWithTls(20, "", { tls: "h2" }) },
  "HTTP/1.1 headers that never end": {
    answer: "ends connections",
    isQuiet: true,
    strike: held(100, "GET /healthz HTTP/1.1\r\nhost: a\r\nx: "),
  },
  "HTTP/1.1 bodies that never end": {
    answer: "ends connections",
    isQuiet: true,
    strike: held(50, "POST /openshell.v1.OpenShell/Health HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"),
  },
  "HTTP/2 headers that never end": {
    answer: "ends connections",
    isQuiet: true,
    strike: held(100, Buffer.concat([opening(), headers(1, stranger, 0)]), { mute: true }),
  },
  "HTTP/2 without a request": { answer: "ends connections", isQuiet: true, strike: held(100, opening()) },
  "HTTP/2 that does not hang up": {
    answer: "ends connections",
    isQuiet: true,
    strike: held(50, opening(), { lingers: true }),
  },
} as const satisfies Record<string, Attack>;

export const connections = {
  "ten thousand streams on one connection": {
    answer: "ends connections",
    strike: relentless({
      connections: 1,
      again: (round) => streams(round, 1_000, (stream) => headers(stream, stranger)),
    }),
  },
  "ten thousand streams on forty connections": {
    answer: "ends streams",
    isQuiet: true,
    strike: held(40, Buffer.concat([opening(), streams(0, 250, (stream) => headers(stream, stranger))])),
  },
  "a thousand calls on forty connections": {
    answer: "bears it",
    strike: held(40, Buffer.concat([opening(), streams(0, 25, (stream) => call(stream, stranger))])),
  },
  "requests without a body on new connections": {
    answer: "bears it",
    strike: held(40, Buffer.concat([opening(), headers(1, stranger, ends)])),
  },
  "connects and disconnects": { answer: "bears it", strike: comings(20) },
  "TLS handshakes": { answer: "bears it", strike: comings(8, { tls: "h2" }) },
} as const satisfies Record<string, Attack>;
