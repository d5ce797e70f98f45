import { residentBytes } from "../../bench/process-figures.ts";

const everyMs = 20;

/** Watches how much memory a process has while something goes on. */
export class MemoryPeak implements Disposable {
  #most = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const look = () => {
      this.#most = Math.max(this.#most, residentBytes(pid));
    };
    look();
    this.#timer = setInterval(look, everyMs);
  }

  /** The most that was resident, in MiB. */
  get resident(): number {
    return this.#most / 1_048_576;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
