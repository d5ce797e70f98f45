import type { Peer } from "./peer.ts";

export interface Sandbox {
  readonly id: string;
  readonly token: string;
}

/** Where an attacker strikes, and what it has. */
export interface Target {
  readonly port: number;
  readonly tlsPort: number;
  /** A sandbox that the attacker owns; a stranger makes no use of it. */
  readonly sandbox: Sandbox;
  /** Another one of its own, for attacks that spend the token. */
  readonly spare: Sandbox;
  /** For how long the attack goes on, in milliseconds. */
  readonly forMs: number;
}

/** Longer than the patience of the gateway that is abused, which may be late for it while it is busy; in milliseconds. */
export const untilPatienceEnds = 5_000;

/** What is sent to a gateway; resolves when it is over. It takes note of each peer that it is done with. */
export type Strike = (target: Target, note: (peer: Peer) => void) => Promise<void>;

/** What the gateway must do about an attack: end its connections, end its streams, or bear it like other traffic. */
export type Answer = "ends connections" | "ends streams" | "bears it";

export interface Attack {
  readonly strike: Strike;
  readonly answer: Answer;
  /** For how long it must go on before the gateway's patience ends, in milliseconds. */
  readonly leastMs?: number;
}

/** What an attacker saw. */
export interface Seen {
  /** Connections that it made. */
  readonly connections: number;
  /** Of those, the ones that the gateway ended: `GOAWAY <code>`, or `closed` without a word. */
  readonly ended: Readonly<Record<string, number>>;
  /** Streams that the gateway reset, by error code. */
  readonly resets: Readonly<Record<number, number>>;
  readonly sentBytes: number;
}

/** Adds up what peers saw. */
export class Tally {
  #connections = 0;
  #sentBytes = 0;
  readonly #ended: Record<string, number> = {};
  readonly #resets: Record<number, number> = {};

  readonly note = (peer: Peer): void => {
    this.#connections++;
    this.#sentBytes += peer.sentBytes;
    for (const [code, count] of peer.resets) this.#resets[code] = (this.#resets[code] ?? 0) + count;
    if (!peer.isEnded && peer.goaway === undefined) return;
    const how = peer.goaway === undefined ? "closed" : `GOAWAY ${peer.goaway}`;
    this.#ended[how] = (this.#ended[how] ?? 0) + 1;
  };

  get seen(): Seen {
    return {
      connections: this.#connections,
      ended: this.#ended,
      resets: this.#resets,
      sentBytes: this.#sentBytes,
    };
  }
}
