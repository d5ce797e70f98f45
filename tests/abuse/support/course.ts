import type { Answer, Seen } from "./attack.ts";
import { Peer, type PeerOptions } from "./peer.ts";

/** How long an attack waits for the gateway's answer, beyond the time that it goes on anyway; in milliseconds. */
const patienceMs = 5_000;
const lookEveryMs = 10;

/** The course of one attack: makes its connections, adds up what they see, and says when it is over. */
export class Course {
  /** Resolves when the attack has gone on for as long as it should and the gateway has answered, or is not going to. */
  readonly over: Promise<void>;
  #isOver = false;
  #connections = 0;
  #sentBytes = 0;
  readonly #open = new Set<Peer>();
  readonly #ended: Record<string, number> = {};
  readonly #resets: Record<number, number> = {};

  /** @param forMs how long it goes on, if the answer came before, in milliseconds */
  constructor(answer: Answer, forMs: number) {
    const startedAt = performance.now();
    const over = Promise.withResolvers<void>();
    this.over = over.promise;
    const timer = setInterval(() => {
      const lasted = performance.now() - startedAt;
      if (lasted < forMs || (lasted < forMs + patienceMs && !this.#has(answer))) return;
      clearInterval(timer);
      this.#isOver = true;
      over.resolve();
    }, lookEveryMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when it is connected, or has failed to. What it saw is added up when it is disposed of. */
  async open(options: PeerOptions): Promise<Peer> {
    const peer = await Peer.open(options, (done) => this.#add(done));
    this.#open.add(peer);
    this.#connections++;
    return peer;
  }

  /** What its connections saw; those that are still open are not among them. */
  get seen(): Seen {
    return { connections: this.#connections, ended: this.#ended, resets: this.#resets, sentBytes: this.#sentBytes };
  }

  #has(answer: Answer): boolean {
    const open = [...this.#open];
    if (answer === "ends connections") return isAny(this.#ended) || open.some((peer) => howEnded(peer) !== undefined);
    if (answer === "ends streams") return isAny(this.#resets) || open.some(({ resets }) => resets.size > 0);
    return true;
  }

  #add(peer: Peer): void {
    this.#open.delete(peer);
    this.#sentBytes += peer.sentBytes;
    for (const [code, count] of peer.resets) this.#resets[code] = (this.#resets[code] ?? 0) + count;
    const how = howEnded(peer);
    if (how !== undefined) this.#ended[how] = (this.#ended[how] ?? 0) + 1;
  }
}

const isAny = (counts: Readonly<Record<string, number>>) => Object.keys(counts).length > 0;

/** How the gateway ended a connection, if it has. */
function howEnded({ goaway, isEnded }: Peer): string | undefined {
  if (goaway !== undefined) return `GOAWAY ${goaway}`;
  return isEnded ? "closed" : undefined;
}
