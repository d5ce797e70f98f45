import type { DescMethod, Registry } from "@bufbuild/protobuf";
import { type ConnectRouter, createConnectRouter, type MethodImplSpec } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
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
import { typesOf } from "./types-of.ts";
import type { UniversalHandler } from "./write-answer.ts";

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
  /** Puts another way beside a method's handler. */
  readonly beside: (handler: UniversalHandler, served: Served) => UniversalHandler;
}

interface Served {
  readonly implementation: ReturnType<typeof implement>;
  readonly gate: RequestGate;
  readonly limits: Limits;
}

/**
 * Mounts services for gRPC, gRPC-Web and Connect under their methods' exact paths (requirement G1): POST, and GET where the
 * contract says that a method has no side effects (A-66). Connect's own Fastify plugin does the same, but writes failures
 * to the console.
 */
export function mountServices(app: FastifyInstance, options: MountOptions): void {
  const types = typesOf([
    ...options.services.map(({ service }) => service),
    ...options.open.map(({ method }) => method.parent),
  ]);
  const guardedGate = createRequestGate(options);
  const openGate = createRequestGate({ admit: admitAll, ended: options.ended, slots: undefined });
  const serve = (method: DescMethod, implementation: Served["implementation"], gate: RequestGate) => {
    // Connect types an implementation by its method's kind, which is known only here, at run time.
    const { handlers } = createRouter(options.limits, gate, types).rpc(method, implementation as never);
    return handlers.map((handler) => options.beside(handler, { implementation, gate, limits: options.limits }));
  };
  const handlers = [
    ...options.services
      .flatMap(({ methods }) => methods)
      .flatMap((bound) => serve(bound.method, implement(bound, options.streams), guardedGate)),
    ...options.open.flatMap((spec) => serve(spec.method, implementOpen(spec), openGate)),
  ];

  app.register(async (scope) => {
    // Bodies are Connect's to read, whatever their type, and it refuses types that it does not know.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const surroundings = { ...options, requestMs: options.limits.requestMs };
    for (const handler of handlers) {
      const route = (request: FastifyRequest, reply: FastifyReply) => {
        // The router decodes paths; a method has one spelling.
        if (pathOf(request.raw) !== handler.requestPath) return reply.callNotFound();
        reply.hijack();
        // Nobody between us and the caller keeps an answer, unless the implementation says that they may.
        if (request.method === "GET") reply.raw.setHeader("cache-control", "no-store");
        void serveCall(handler, request.raw, reply.raw, options.headOf(request.raw), surroundings);
      };
      scope.route({ method: handler.allowedMethods, url: handler.requestPath, handler: route });
    }
  });
}

function createRouter({ messageBytes, answerBytes }: Limits, requestGate: RequestGate, types: Registry): ConnectRouter {
  return createConnectRouter({
    requestGate,
    jsonOptions: { registry: types },
    readMaxBytes: messageBytes,
    writeMaxBytes: answerBytes,
    acceptCompression: acceptedCompressions,
  });
}
