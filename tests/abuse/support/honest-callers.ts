import type { ClientHttp2Session } from "node:http2";
import { setTimeout as after } from "node:timers/promises";
import { callUnary, openConnection } from "../../bench/grpc.ts";
import { percentile, sorted } from "../../bench/percentiles.ts";
import { naming } from "../attacks/calls.ts";
import type { Sandbox } from "./attack.ts";

/** How callers fared, in milliseconds. */
export interface Latencies {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Fared {
  /** On connections that stood before. */
  readonly known: Latencies;
  /** Each on a new connection. */
  readonly newcomers: Latencies;
}

/** Nobody waits longer; it says that a caller is served at all, not how fast. */
const patienceMs = 5_000;
const pauseMs = { known: 5, newcomer: 20 };

interface Known {
  readonly connection: ClientHttp2Session;
  readonly sandbox: Sandbox;
}

/** Callers who do nothing wrong: some on connections of their own that they keep, and one who comes anew for each call. */
export class HonestCallers implements Disposable {
  readonly #url: string;
  readonly #known: readonly Known[];
  readonly #newcomer: Sandbox;

  private constructor(url: string, known: readonly Known[], newcomer: Sandbox) {
    this.#url = url;
    this.#known = known;
    this.#newcomer = newcomer;
  }

  static async connect(url: string, [newcomer, ...sandboxes]: readonly Sandbox[]): Promise<HonestCallers> {
    if (!newcomer) throw new Error("there is nobody to call");
    const known = sandboxes.map(async (sandbox) => ({ connection: await openConnection(url), sandbox }));
    return new HonestCallers(url, await Promise.all(known), newcomer);
  }

  /** Calls until `done` has settled. @throws Error where one call is refused, wrong or not answered in time. */
  async callUntil(done: Promise<unknown>): Promise<Fared> {
    let isDone = false;
    const stop = () => {
      isDone = true;
    };
    done.then(stop, stop);
    const known: number[] = [];
    const newcomers: number[] = [];
    await Promise.all([
      ...this.#known.map(async ({ connection, sandbox }) => {
        do {
          known.push(await timed(() => call(connection, sandbox)));
          await after(pauseMs.known);
        } while (!isDone);
      }),
      (async () => {
        do {
          newcomers.push(
            await timed(async () => {
              using connection = await openConnection(this.#url);
              await call(connection, this.#newcomer);
            }),
          );
          await after(pauseMs.newcomer);
        } while (!isDone);
      })(),
    ]);
    return { known: latencies(known), newcomers: latencies(newcomers) };
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.#known) connection.destroy();
  }
}

async function call(connection: ClientHttp2Session, sandbox: Sandbox): Promise<void> {
  const answer = await callUnary(connection, {
    method: "GetSandboxConfig",
    token: sandbox.token,
    message: naming(sandbox),
  });
  if (answer.length <= 5) throw new Error("an honest call was answered with nothing");
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("an honest call was not answered in time")), patienceMs);
  try {
    await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
  return performance.now() - startedAt;
}

function latencies(values: readonly number[]): Latencies {
  const ordered = sorted(values);
  return { calls: ordered.length, p50: percentile(ordered, 0.5), p99: percentile(ordered, 0.99) };
}
