import { type Call, callUnary, openConnection } from "./grpc.ts";
import type { Load, Loaded } from "./load.ts";
import { Middle } from "./middle.ts";
import { cpuSeconds } from "./process-figures.ts";
import { ReplayConnection, type Written, writeCall } from "./replay-connection.ts";
import type { ServerProcess } from "./server-process.ts";

/**
 * Makes many different calls in turn, each with a token of its own, as fast as h2load makes one: what it sends was
 * written down before, and of the answers it counts the bytes. All answers must be of the same length.
 */
export class ReplayLoad {
  readonly #server: ServerProcess;
  readonly #method: string;
  readonly #written: readonly Written[];
  readonly #answerBytes: number;
  #next = 0;

  private constructor(server: ServerProcess, calls: readonly Call[], answerBytes: number) {
    this.#server = server;
    this.#method = calls[0]?.method ?? "";
    this.#written = calls.map((call) => writeCall(call, new URL(server.url).host));
    this.#answerBytes = answerBytes;
  }

  /** Makes the first call to learn what an answer is. */
  static async prepare(server: ServerProcess, calls: readonly Call[]): Promise<ReplayLoad> {
    using connection = await openConnection(server.url);
    const [first] = calls;
    const answer = first && (await callUnary(connection, first));
    return new ReplayLoad(server, calls, answer?.length ?? 0);
  }

  /** How many different calls it makes. */
  get size(): number {
    return this.#written.length;
  }

  /** Goes on with the calls where it stopped. Rejects where one is not answered in full. */
  async load({ calls, connections, streams }: Load): Promise<Loaded> {
    using open = new DisposableStack();
    const middle = new Middle(calls, () => cpuSeconds(this.#server.pid));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timesMs: number[] = [];
    let left = calls;

    const begin = (connection: ReplayConnection, startedAt: number[]) => {
      if (left-- <= 0) return;
      startedAt.push(performance.now());
      connection.call(this.#turn());
    };
    const links = Array.from({ length: connections }, () => {
      // Calls of one connection end about in the order in which they began, and of each kind there is but one.
      const startedAt: number[] = [];
      const connection: ReplayConnection = open.use(
        new ReplayConnection(
          new URL(this.#server.url),
          (answerBytes) => {
            if (answerBytes !== this.#answerBytes) {
              reject(new Error(`${this.#method}: a call was answered with ${answerBytes} bytes`));
            }
            timesMs.push(performance.now() - (startedAt.shift() ?? Number.NaN));
            middle.answered(timesMs.length);
            if (timesMs.length === calls) resolve();
            else begin(connection, startedAt);
          },
          reject,
        ),
      );
      return { connection, startedAt };
    });
    await Promise.all(links.map(({ connection }) => connection.connected()));
    for (let at = 0; at < streams; at += 1) {
      for (const { connection, startedAt } of links) begin(connection, startedAt);
    }
    await promise;
    return middle.loaded(timesMs);
  }

  #turn(): Written {
    const written = this.#written[this.#next % this.#written.length];
    this.#next += 1;
    if (!written) throw new Error("there is nothing to be called");
    return written;
  }
}
