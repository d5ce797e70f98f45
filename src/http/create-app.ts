import type { Server } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { Code } from "@connectrpc/connect";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import type { Log } from "../core/log.ts";
import { describeFailure } from "./describe-failure.ts";
import { pathOf } from "./path.ts";
import { answerError, plainHeaders } from "./protocol-error.ts";
import { isHttp2, mustBeTaken, type RawRequest, type RawResponse } from "./servers/index.ts";

export interface App {
  readonly app: FastifyInstance;
  /** Gives a request to the router. */
  dispatch(request: RawRequest, response: RawResponse): void;
}

export interface AppOptions {
  readonly log: Log;
  /** For a caller to take an answer, in milliseconds. */
  readonly requestMs: number;
}

/**
 * Makes the Fastify application over a server that never listens: sockets come from listeners of our own. What no route
 * takes is answered in the protocol that it speaks; a path that exists gets 405 for another method.
 */
export function createApp(server: Server, { log, requestMs }: AppOptions): App {
  let dispatch: App["dispatch"] | undefined;
  const app = fastify({
    exposeHeadRoutes: false,
    clientErrorHandler: () => undefined,
    serverFactory: (handler) => {
      dispatch = handler as App["dispatch"];
      return server;
    },
    frameworkErrors: (_error, request, reply) => {
      reply.hijack();
      answerError(request.raw, reply.raw, 400, Code.InvalidArgument, "the path is not valid");
    },
  } satisfies FastifyServerOptions);
  const allowed = new Map<string, readonly string[]>();
  app.addHook("onRoute", ({ url, method }) => void allowed.set(url, [method].flat()));
  app.addHook("onSend", async (request, reply) => {
    // A large one is written piece by piece, and not ended before all but the last were taken.
    if (isHttp2(request.raw)) mustBeTaken(reply.raw as unknown as Http2ServerResponse, requestMs);
    for (const [name, value] of Object.entries(plainHeaders)) {
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
  });
  const refuse = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const methods = allowed.get(pathOf(request.raw));
    if (methods && !methods.includes(request.method)) {
      reply.raw.setHeader("allow", methods.join(", "));
      answerError(request.raw, reply.raw, 405, Code.Unknown, "the method is not allowed");
    } else if (request.method === "POST") {
      answerError(request.raw, reply.raw, 404, Code.Unimplemented, "unknown method");
    } else {
      answerError(request.raw, reply.raw, 404, Code.NotFound, "not found");
    }
  };
  // Before Fastify reads or judges a body that nobody takes.
  app.addHook("onRequest", async (request, reply) => {
    if (request.is404) refuse(request, reply);
  });
  app.setNotFoundHandler(refuse);
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) log.error({ path: request.routeOptions.url, error: describeFailure(error) }, "a route failed");
    reply.hijack();
    const [code, says] =
      status >= 500 ? [Code.Internal, "internal error"] : [Code.InvalidArgument, "the request is not valid"];
    answerError(request.raw, reply.raw, status, code, says);
  });
  return {
    app,
    dispatch(request, response) {
      if (!dispatch) throw new Error("the application gave no handler");
      dispatch(request, response);
    },
  };
}
