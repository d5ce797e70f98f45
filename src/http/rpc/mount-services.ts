import { type ConnectRouter, createConnectRouter, type MethodImplSpec } from "@connectrpc/connect";
import type { FastifyInstance } from "fastify";
import type { BoundService } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { type Admit, admitAll, type EndOfCall } from "../call/index.ts";
import type { Head } from "../head.ts";
import type { Limits } from "../limits.ts";
import { pathOf } from "../path.ts";
import type { RawRequest } from "../servers/index.ts";
import { acceptedCompressions } from "./accepted-compressions.ts";
import { implement, implementOpen } from "./implement.ts";
import type { OpenStreams } from "./open-streams.ts";
import { createRequestGate, type RequestGate } from "./request-gates.ts";
import { serveCall } from "./serve-call.ts";
import type { StreamSlots } from "./stream-slots.ts";

export interface MountOptions {
  readonly services: readonly BoundService[];
  /** Stands before the services. */
  readonly admit: Admit;
  readonly slots: StreamSlots;
  /** What is open to all: it has no row in an authorization table and passes no gate. */
  readonly open: readonly MethodImplSpec[];
  readonly streams: OpenStreams;
  readonly limits: Limits;
  readonly headOf: (request: RawRequest) => Head;
  readonly ended: EndOfCall;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Mounts services for gRPC, gRPC-Web and Connect under their methods' exact paths, POST alone (requirement G1).
 * Connect's own Fastify plugin does the same, but writes failures to the console.
 */
export function mountServices(app: FastifyInstance, options: MountOptions): void {
  const guarded = createRouter(options.limits, createRequestGate(options));
  for (const { methods } of options.services) {
    // Connect types an implementation by its method's kind, which is known only here, at run time.
    for (const bound of methods) guarded.rpc(bound.method, implement(bound, options.streams) as never);
  }
  const open = createRouter(
    options.limits,
    createRequestGate({ admit: admitAll, ended: options.ended, slots: undefined }),
  );
  for (const spec of options.open) open.rpc(spec.method, implementOpen(spec) as never);

  app.register(async (scope) => {
    // Bodies are Connect's to read, whatever their type, and it refuses types that it does not know.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const surroundings = { ...options, requestMs: options.limits.requestMs };
    for (const handler of [...guarded.handlers, ...open.handlers]) {
      scope.post(handler.requestPath, (request, reply) => {
        // The router decodes paths; a method has one spelling.
        if (pathOf(request.raw) !== handler.requestPath) return reply.callNotFound();
        reply.hijack();
        void serveCall(handler, request.raw, reply.raw, options.headOf(request.raw), surroundings);
      });
    }
  });
}

function createRouter({ messageBytes, answerBytes }: Limits, requestGate: RequestGate): ConnectRouter {
  return createConnectRouter({
    requestGate,
    readMaxBytes: messageBytes,
    writeMaxBytes: answerBytes,
    acceptCompression: acceptedCompressions,
  });
}
