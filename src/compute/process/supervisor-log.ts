import { closeSync, constants, openSync } from "node:fs";
import { copyFile, rm, stat, truncate } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { errorCode } from "./error-code.ts";

const lookEveryMs = 10_000;

/**
 * The file that takes a supervisor's output. The supervisor writes to it directly, so it neither blocks nor fails when the
 * gateway is gone; the gateway keeps it short: once it is longer than `maxBytes`, it becomes `<path>.1` and begins anew.
 */
export class SupervisorLog implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #next: Disposable;

  constructor(path: string, maxBytes: number, clock: Clock, log: Log) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#log = log;
    this.#next = this.#lookLater();
  }

  /** Calls `use` with a descriptor that appends to the file, and closes it afterwards. */
  appending<T>(use: (descriptor: number) => T): T {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const descriptor = openSync(this.#path, flags, 0o600);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  [Symbol.dispose](): void {
    this.#next[Symbol.dispose]();
  }

  #lookLater(): Disposable {
    return this.#clock.after(lookEveryMs, () => {
      this.#next = this.#lookLater();
      this.#keepShort().catch((cause: unknown) =>
        this.#log.warn({ code: errorCode(cause) }, "a supervisor's log could not be rotated"),
      );
    });
  }

  /** Copies, then cuts: the supervisor's descriptor stays, and as it appends, it goes on at the new end. */
  async #keepShort(): Promise<void> {
    const { size } = await stat(this.#path);
    if (size <= this.#maxBytes) return;
    await rm(`${this.#path}.1`, { force: true });
    await copyFile(this.#path, `${this.#path}.1`, constants.COPYFILE_EXCL);
    await truncate(this.#path);
  }
}
