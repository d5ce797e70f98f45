/**
 * Many supervisors as far as a gateway sees them: the supervisor's own loop keeps each one's session, its waits included,
 * and each reads its configuration as soon as it has one, and every ten seconds from then on. The client is written by hand, so that thousands fit into a process.
 */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { GatewayMessageSchema, SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { pause, systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Heart } from "../../../src/supervisor/heart.ts";
import { SessionFailure } from "../../../src/supervisor/session.ts";
import { keepSession } from "../../../src/supervisor/session-loop.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import type { Gone, Orders, Refused, Return, Served } from "../fleet.ts";
import { begin, CallFailed, callUnary, frame } from "../grpc.ts";
import type { Sandbox } from "../supervisor-sessions.ts";

/** Between two readings of a configuration, with 10 % of jitter, as the supervisor has it; in milliseconds. */
const pollMs = 10_000;
/** Before a reading that failed is tried again, in milliseconds. */
const pollRetryMs = 1_000;

const [{ url, sandboxes, perConnection }] = (await once(process, "message")) as [Orders];
const connections = new Map<number, ClientHttp2Session>();
/** Those that are waited for until the parent is told. */
const awaited = new Set<Supervisor>();
/** When a gateway was gone that served them before; whoever was served earlier is still to come back. */
let goneAt = 0;

const message = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object) =>
  frame(toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload })));

/** A lost connection is opened anew by whoever comes first. */
function connectionOf(group: number): ClientHttp2Session {
  const open = connections.get(group);
  if (open) return open;
  const connection = connect(url);
  const forget = () => {
    if (connections.get(group) === connection) connections.delete(group);
  };
  // What ends a connection ends its streams too, and they say so.
  connection.on("error", forget).on("goaway", forget).on("close", forget);
  connection.setMaxListeners(0);
  connections.set(group, connection);
  return connection;
}

/** The wait that a failure tells, in milliseconds. */
function toldMs(failure: ConnectError): number | undefined {
  const delay = failure.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
}

class Supervisor {
  readonly #sandbox: Sandbox;
  readonly #group: number;
  #isServed = false;
  #servedAt = 0;
  #lostAt: number | undefined;
  #refusals: Refused[] = [];
  /** How it came back the last time. */
  #return: Return | undefined;

  constructor(sandbox: Sandbox, group: number) {
    this.#sandbox = sandbox;
    this.#group = group;
  }

  /** One session; settles as the supervisor's own does. */
  async hold(): Promise<number> {
    const { id, token } = this.#sandbox;
    const connection = connectionOf(this.#group);
    const stream = begin(connection, { method: "ConnectSupervisor", token });
    using heart = new Heart(systemClock, () => stream.write(message({ case: "heartbeat", value: {} })));
    const session = new AbortController();
    let acceptedAt: number | undefined;
    stream.write(message({ case: "hello", value: { sandboxId: id, instanceId: id } }));
    stream.once("data", (first: Buffer) => {
      const { payload } = fromBinary(GatewayMessageSchema, first.subarray(5, 5 + first.readUInt32BE(1)));
      if (payload.case !== "sessionAccepted") {
        stream.destroy(new Error(`the gateway said ${payload.case}`));
        return;
      }
      acceptedAt = performance.now();
      heart.beat(payload.value.heartbeatIntervalSecs * 1_000);
      void this.#poll(connection, session.signal);
    });
    stream.on("data", () => undefined);
    const { failure, isRefusal } = await endOf(stream);
    session.abort();
    this.#lost(isRefusal ? failure : undefined);
    const stoodMs = acceptedAt === undefined ? 0 : performance.now() - acceptedAt;
    if (failure) throw new SessionFailure(failure, stoodMs);
    return stoodMs;
  }

  /** Reads the configuration for as long as the session lasts. */
  async #poll(connection: ClientHttp2Session, signal: AbortSignal): Promise<void> {
    const { id: sandboxId, token } = this.#sandbox;
    const request = toBinary(GetSandboxConfigRequestSchema, create(GetSandboxConfigRequestSchema, { sandboxId }));
    while (!signal.aborted) {
      let waitMs = pollMs * (0.9 + 0.2 * Math.random());
      try {
        await callUnary(connection, { method: "GetSandboxConfig", token, message: request });
        // What was asked before the session was lost says nothing of the next one.
        if (!signal.aborted) this.#served();
      } catch (failure) {
        waitMs = pollRetryMs;
        const isRefusal = failure instanceof CallFailed && failure.status !== "none";
        if (isRefusal) this.#refusals.push({ at: Date.now(), toldMs: undefined });
      }
      await pause(systemClock, waitMs, signal);
    }
  }

  get isBack(): boolean {
    return this.#isServed && this.#servedAt >= goneAt;
  }

  get lastReturn(): Return | undefined {
    return this.#return;
  }

  #served(): void {
    if (this.#isServed) return;
    this.#isServed = true;
    this.#servedAt = Date.now();
    if (this.#lostAt !== undefined) {
      this.#return = { lostAt: this.#lostAt, servedAt: this.#servedAt, refusals: this.#refusals };
    }
    this.#refusals = [];
    if (awaited.delete(this) && awaited.size === 0) tell();
  }

  #lost(refusal: ConnectError | undefined): void {
    if (this.#isServed) {
      this.#isServed = false;
      this.#lostAt = Date.now();
    } else if (refusal) {
      this.#refusals.push({ at: Date.now(), toldMs: toldMs(refusal) });
    }
  }
}

/** How a call ended: by a status of the gateway, or without one because the connection did. */
function endOf(stream: ReturnType<typeof begin>): Promise<{ failure: ConnectError | undefined; isRefusal: boolean }> {
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
      if (status) return resolve({ failure: findTrailerError(status), isRefusal: true });
      const failure = new ConnectError(`the connection broke: ${broken?.message ?? "closed"}`, Code.Unavailable);
      resolve({ failure, isRefusal: false });
    });
  });
}

const supervisors = sandboxes.map((sandbox, at) => new Supervisor(sandbox, Math.floor(at / perConnection)));

function tell(): void {
  const served: Served = { returns: supervisors.flatMap(({ lastReturn }) => lastReturn ?? []) };
  process.send?.(served);
}

for (const supervisor of supervisors) {
  awaited.add(supervisor);
  void keepSession({
    ...{ clock: systemClock, random: Math.random, log: silentLog, signal: new AbortController().signal },
    credential: { slot: new TokenSlot(), recover: async () => "lost" },
    hold: () => supervisor.hold(),
  });
}
process.on("message", ({ at }: Gone) => {
  goneAt = at;
  for (const supervisor of supervisors) if (!supervisor.isBack) awaited.add(supervisor);
  if (awaited.size === 0) tell();
});
process.on("disconnect", () => process.exit());
