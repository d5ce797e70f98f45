import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { EndOfCall } from "../call/index.ts";
import { readHead } from "../head.ts";
import type { Limits } from "../limits.ts";
import type { Connection } from "../listen/index.ts";
import type { InFlight } from "../servers/index.ts";
import { encodingsOf } from "./encodings.ts";
import { LeanCall } from "./lean-call.ts";
import { type LeanMethod, pathOfMethod } from "./lean-method.ts";
import { OverdueCalls } from "./overdue-calls.ts";

export interface TakeStreamOptions {
  readonly methods: readonly LeanMethod[];
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly inFlight: InFlight;
  readonly ended: EndOfCall;
}

/** Takes a stream as it opens, or leaves it (false) without having done anything. */
export type TakeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  connection: Connection,
) => boolean;

/**
 * Makes what takes unary gRPC calls in protobuf to methods that are known by their exact path. Other methods of HTTP,
 * other spellings of the content type, other paths and requests whose head is not in order are left to the long way, so
 * that every refusal of those is made in one place.
 */
export function createTakeStream({ methods, ...options }: TakeStreamOptions): TakeStream & Disposable {
  const byPath = new Map(methods.map((served) => [pathOfMethod(served.method), served]));
  const overdue = new OverdueCalls(options.clock, options.limits.requestMs);
  const surroundings = { ...options, overdue };

  const take: TakeStream = (stream, headers, rawHeaders, connection) => {
    const path = headers[":path"] ?? "";
    const served = byPath.get(path);
    if (!served || headers[":method"] !== "POST" || connection.kind === "operations") return false;
    const type = headers["content-type"];
    if (type !== "application/grpc" && type !== "application/grpc+proto") return false;
    // No gRPC client sends it; Node answers it with an informational status.
    if (headers["expect"] !== undefined) return false;
    const head = readHead(
      { rawHeaders, headers, url: path, httpVersionMajor: 2 },
      connection,
      options.limits.headerBytes,
    );
    if ("says" in head) return false;
    const arrival = { stream, headers, head, connection, encodings: encodingsOf(headers) };
    new LeanCall(served, arrival, surroundings).start();
    return true;
  };
  return Object.assign(take, { [Symbol.dispose]: () => overdue[Symbol.dispose]() });
}
