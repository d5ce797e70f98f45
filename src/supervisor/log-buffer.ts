import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxLogLineSchema } from "../../gen/openshell/v1/logs_pb.ts";
import type { Clock } from "../core/clock.ts";

export type LogLine = MessageInitShape<typeof SandboxLogLineSchema>;

export interface LogBufferOptions {
  readonly clock: Clock;
  /** Lines that wait at most; more are dropped and counted. */
  readonly capacity?: number;
}

/** Lines on their way to the gateway. Whoever writes never waits: what does not fit is dropped, and a line says how many. */
export class LogBuffer {
  readonly #clock: Clock;
  readonly #capacity: number;
  #lines: LogLine[] = [];
  #dropped = 0;
  readonly #waiting = new Set<() => void>();

  constructor({ clock, capacity = 1024 }: LogBufferOptions) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#lines.length;
  }

  add(line: LogLine): void {
    if (this.#lines.length >= this.#capacity) {
      this.#dropped += 1;
      return;
    }
    this.#tellDropped();
    this.#lines.push(line);
    for (const wake of [...this.#waiting]) wake();
  }

  /** Takes the oldest lines out, at most `max`. */
  take(max: number): LogLine[] {
    const batch = this.#lines.splice(0, max);
    if (this.#lines.length === 0) this.#tellDropped();
    return batch;
  }

  /** Puts lines back in front, and keeps the newest `keep` of all: what a broken stream leaves for the next. */
  giveBack(batch: readonly LogLine[], keep: number): void {
    const all = [...batch, ...this.#lines];
    this.#lines = all.slice(-keep);
    const lost = all.length - this.#lines.length;
    if (lost > 0) this.#lines.unshift(this.#droppedLine(lost));
  }

  /** Resolves when so many lines wait, or the signal aborts. */
  async holds(count: number, signal: AbortSignal): Promise<void> {
    while (this.#lines.length < count && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.#lines.push(this.#droppedLine(this.#dropped));
    this.#dropped = 0;
  }

  #droppedLine(count: number): LogLine {
    return {
      timestampMs: BigInt(this.#clock.now()),
      level: "WARN",
      target: "supervisor.log",
      message: `${count} log line${count === 1 ? " was" : "s were"} dropped here`,
      source: "sandbox",
      fields: { dropped: String(count) },
    };
  }
}
