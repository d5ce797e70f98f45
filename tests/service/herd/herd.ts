import { type ClientHttp2Session, connect } from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { GatewayMessageSchema, SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Heart } from "../../../src/supervisor/heart.ts";
import { SessionFailure } from "../../../src/supervisor/session.ts";
import { keepSession } from "../../../src/supervisor/session-loop.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import { begin, frame } from "../../bench/grpc.ts";
import type { SeededSandbox } from "./seed-sandboxes.ts";

/** One session that was tried, from its beginning to its end. Times are of `performance.now()`. */
export interface Attempt {
  readonly sandbox: string;
  readonly startedAt: number;
  acceptedAt?: number;
  endedAt?: number;
  /** What it ended with; undefined where it ended well, or has not ended. */
  failure?: ConnectError;
}

export interface HerdOptions {
  readonly sandboxes: readonly SeededSandbox[];
  /** Where gateways are. Supervisors begin with one each, and who fails tries the next. */
  readonly endpoints: readonly string[];
  /** Supervisors that share a connection, as behind a proxy. A lost connection is opened anew by whoever comes first. */
  readonly perConnection: number;
}

/**
 * Supervisors as far as their sessions go: the supervisor's own loop, its waits included, over a client that is written by
 * hand, so that thousands of them fit beside a gateway.
 */
export class Herd implements AsyncDisposable {
  /** In the order in which they began. */
  readonly attempts: Attempt[] = [];
  readonly #options: HerdOptions;
  /** One for each: a signal looks through all of its listeners for every one that is added. */
  readonly #endings: AbortController[] = [];
  readonly #loops: Promise<unknown>[];
  readonly #connections = new Map<string, ClientHttp2Session>();
  readonly #standing = new Set<string>();
  #waiting: (() => void)[] = [];

  constructor(options: HerdOptions) {
    this.#options = options;
    this.#loops = options.sandboxes.map((sandbox, at) => {
      const ending = new AbortController();
      this.#endings.push(ending);
      const group = Math.floor(at / options.perConnection);
      let turn = group;
      return keepSession({
        ...{ clock: systemClock, random: Math.random, log: silentLog, signal: ending.signal },
        credential: { slot: new TokenSlot(), recover: async () => "lost" },
        hold: () => this.#hold(sandbox, group, turn++),
      });
    });
  }

  /** Resolves when each of them has a session that was accepted; all at the same moment. */
  async everybody(): Promise<void> {
    while (this.#standing.size < this.#options.sandboxes.length) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ending of this.#endings) ending.abort();
    for (const connection of this.#connections.values()) connection.destroy();
    await Promise.all(this.#loops);
  }

  /** @param turn whose turn it is of the endpoints */
  #connection(group: number, turn: number): ClientHttp2Session {
    const { endpoints } = this.#options;
    const endpoint = endpoints[turn % endpoints.length] ?? "";
    const key = `${group} ${endpoint}`;
    const open = this.#connections.get(key);
    if (open) return open;
    const connection = connect(endpoint);
    const forget = () => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    };
    // What ends a connection ends its streams too, and they say so.
    connection.on("error", forget).on("goaway", forget).on("close", forget);
    connection.setMaxListeners(0);
    this.#connections.set(key, connection);
    return connection;
  }

  /** One session; settles as the supervisor's own does. */
  async #hold({ id, token }: SeededSandbox, group: number, turn: number): Promise<number> {
    const attempt: Attempt = { sandbox: id, startedAt: performance.now() };
    this.attempts.push(attempt);
    const stream = begin(this.#connection(group, turn), { method: "ConnectSupervisor", token });
    using heart = new Heart(systemClock, () => stream.write(message({ case: "heartbeat", value: {} })));
    stream.write(message({ case: "hello", value: { sandboxId: id, instanceId: id } }));
    stream.once("data", (first: Buffer) => {
      const { payload } = fromBinary(GatewayMessageSchema, first.subarray(5, 5 + first.readUInt32BE(1)));
      if (payload.case !== "sessionAccepted") {
        stream.destroy(new Error(`the gateway said ${payload.case}`));
        return;
      }
      attempt.acceptedAt = performance.now();
      heart.beat(payload.value.heartbeatIntervalSecs * 1_000);
      this.#standing.add(id);
      if (this.#standing.size < this.#options.sandboxes.length) return;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    stream.on("data", () => undefined);

    const failure = await endOf(stream);
    this.#standing.delete(id);
    attempt.endedAt = performance.now();
    const stoodMs = attempt.acceptedAt === undefined ? 0 : attempt.endedAt - attempt.acceptedAt;
    if (!failure) return stoodMs;
    attempt.failure = failure;
    throw new SessionFailure(failure, stoodMs);
  }
}

/** The wait that the gateway told with a failure, in milliseconds. */
export function toldMs({ failure }: Attempt): number | undefined {
  const delay = failure?.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
}

/** The status that a call ended with; `unavailable` where the connection ended before there was one. */
function endOf(stream: ReturnType<typeof begin>): Promise<ConnectError | undefined> {
  let status: Headers | undefined;
  let broken: Error | undefined;
  const note = (headers: object) => {
    if (!("grpc-status" in headers)) return;
    const named = Object.entries(headers).filter(([name]) => name[0] !== ":");
    status = new Headers(named.map(([name, value]) => [name, String(value)]));
  };
  stream.on("response", note).on("trailers", note);
  stream.on("error", (error: Error) => {
    broken = error;
  });
  return new Promise((resolve) => {
    stream.once("close", () => {
      if (status) return resolve(findTrailerError(status));
      resolve(new ConnectError(`the connection broke: ${broken?.message ?? "closed"}`, Code.Unavailable));
    });
  });
}

const message = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object) =>
  frame(toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload })));
