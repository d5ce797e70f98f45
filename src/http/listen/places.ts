import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import type { Connection } from "./connection.ts";

/** Whoever has been quiet for less is left alone: a newcomer needs time to speak, and a caller between two calls too. */
const quietMs = 2_000;
/** A newcomer makes us look at no more places than this, so that coming cannot be made to cost much. */
const looked = 32;

interface Place {
  readonly socket: Socket;
  readonly since: number;
  /** Undefined while nobody knows what it speaks. */
  connection: Connection | undefined;
}

/**
 * The connections of a listener. When all places are taken, the ones that do nothing make room: a connection on
 * which no request is being served has no claim to a place that somebody needs. Without that, whoever opens as many as
 * there may be and then says a word now and then keeps everybody else out.
 */
export class Places implements Iterable<Socket> {
  /** By both ends of the connection, those that were looked at longest ago first. */
  readonly #places = new Map<string, Place>();
  readonly #most: number;
  readonly #clock: Clock;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Gives a socket a place until it closes. Undefined where there is none, else whom it had to be taken from. */
  take(socket: Socket): { readonly from: Socket | undefined } | undefined {
    const from = this.#places.size < this.#most ? undefined : this.#makeRoom();
    if (this.#places.size >= this.#most) return undefined;
    const key = keyOf(socket);
    const place = { socket, since: this.#clock.monotonic(), connection: undefined };
    this.#places.set(key, place);
    socket.once("close", () => {
      if (this.#places.get(key) === place) this.#places.delete(key);
    });
    return { from };
  }

  /** Tells whose connection it is; for TLS, by the socket above the one that has the place. */
  describe(socket: Socket, connection: Connection): void {
    const place = this.#places.get(keyOf(socket));
    if (place) place.connection = connection;
  }

  *[Symbol.iterator](): Iterator<Socket> {
    for (const { socket } of this.#places.values()) yield socket;
  }

  #makeRoom(): Socket | undefined {
    const quietSince = this.#clock.monotonic() - quietMs;
    let left = looked;
    for (const [key, place] of this.#places) {
      if (left-- <= 0) return undefined;
      this.#places.delete(key);
      if (isQuiet(place, quietSince)) {
        place.socket.destroy();
        return place.socket;
      }
      this.#places.set(key, place);
    }
    return undefined;
  }
}

function isQuiet({ since, connection }: Place, quietSince: number): boolean {
  if (since > quietSince) return false;
  return !connection || (connection.active === 0 && connection.lastUsed <= quietSince);
}

/** The listener's port is the same for all, its address is not where it listens on several. */
const keyOf = ({ remoteAddress, remotePort, localAddress }: Socket) => `${remoteAddress} ${remotePort} ${localAddress}`;
