import { expect, vi } from "vitest";
import type { Change, Follower } from "../../src/store/index.ts";

const waiting = { timeout: 10_000, interval: 5 };

/** A follower that writes down what it is told, of all kinds or of one, and can be made to wait or to fail. */
export class RecordedChanges implements Follower {
  /** `reload`, or `<kind> <id>`; `asked` before that where it is made to wait. */
  readonly told: string[] = [];
  readonly seqs: number[] = [];
  /** Awaited before each answer. */
  hold: Promise<void> | undefined;
  /** How many of the next calls reject. */
  failing = 0;
  readonly #kind: Change["kind"] | undefined;

  constructor(kind?: Change["kind"]) {
    this.#kind = kind;
  }

  async reload(): Promise<void> {
    await this.#answer();
    this.told.push("reload");
  }

  async learn(changes: readonly Change[]): Promise<void> {
    await this.#answer();
    for (const { seq, kind, id } of changes) {
      if (kind !== (this.#kind ?? kind)) continue;
      this.told.push(`${kind} ${id}`);
      this.seqs.push(seq);
    }
  }

  /** Resolves once this was told so often. */
  async hear(what: string, times = 1): Promise<void> {
    await vi.waitFor(() => expect(this.told.filter((one) => one === what)).toHaveLength(times), waiting);
  }

  async #answer(): Promise<void> {
    if (this.hold) this.told.push("asked");
    await this.hold;
    if (this.failing === 0) return;
    this.failing -= 1;
    throw new Error("the follower failed");
  }
}
