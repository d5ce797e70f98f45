import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import { sizeOf } from "./read-line.ts";

/** The newest lines of one sandbox, oldest first. */
export class LogRing {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #lines: (SandboxLogLine | undefined)[] = [];
  /** Where the oldest line stands; what is before it was dropped, and its empty places are cut off now and then. */
  #head = 0;
  #bytes = 0;

  constructor(maxLines: number, maxBytes: number) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#lines.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line; returns how many old ones had to go for it. */
  push(line: SandboxLogLine): number {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
    let dropped = 0;
    while (this.length > this.#maxLines || (this.#bytes > this.#maxBytes && this.length > 1)) {
      this.#dropOldest();
      dropped += 1;
    }
    return dropped;
  }

  /** Drops the oldest lines until at most `maxBytes` are left; returns how many. */
  shrinkTo(maxBytes: number): number {
    let dropped = 0;
    while (this.#bytes > maxBytes) {
      this.#dropOldest();
      dropped += 1;
    }
    return dropped;
  }

  /** The newest `limit` lines that match, oldest first. */
  newest(limit: number, matches: (line: SandboxLogLine) => boolean): SandboxLogLine[] {
    const found: SandboxLogLine[] = [];
    for (let index = this.#lines.length - 1; index >= this.#head && found.length < limit; index -= 1) {
      const line = this.#lines[index];
      if (line && matches(line)) found.push(line);
    }
    return found.reverse();
  }

  #dropOldest(): void {
    const oldest = this.#lines[this.#head];
    if (!oldest) return;
    this.#bytes -= sizeOf(oldest);
    this.#lines[this.#head] = undefined;
    this.#head += 1;
    if (this.#head * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#head);
    this.#head = 0;
  }
}
