import type { Message } from "@bufbuild/protobuf";
import { type ConnectRouter, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import { contentTypeProto, grpcStatusOk, parseTimeout } from "@connectrpc/connect/protocol-grpc";
import type { Answer } from "../../access/index.ts";
import type { Limits } from "../limits.ts";
import { acceptedCompressions } from "../rpc/index.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { encode } from "./messages.ts";
import { OutgoingFrames } from "./outgoing-frames.ts";

/** One method's handler for all protocols, as Connect makes it. */
type Handler = ConnectRouter["handlers"][number];
type Request = Parameters<Handler>[0];
type Response = ReturnType<Handler>;

export interface StreamMethod {
  /** As Connect would call it. */
  readonly implementation: (input: never, context: HandlerContext) => Promise<Answer> | AsyncIterable<Answer>;
  /** Runs before the body is read. */
  readonly gate: (context: HandlerContext) => void | Promise<void>;
  readonly limits: Limits;
}

/**
 * Puts a lighter way beside a handler of Connect's, for callers that stream protobuf messages by gRPC, as supervisors do
 * for hours. Connect's way leads through eleven generators, which are most of the memory that an idle stream takes; this
 * one has an object for each direction. All else, methods that take one message among it, is left to Connect.
 */
export function withLightStreams(handler: Handler, served: StreamMethod): Handler {
  const { methodKind } = handler.method;
  if (methodKind !== "bidi_streaming" && methodKind !== "client_streaming") return handler;
  const either = (request: Request) =>
    request.method === "POST" && isPlainGrpc(request.header) ? serve(handler, served, request) : handler(request);
  return Object.assign(either, handler);
}

function isPlainGrpc(header: Headers): boolean {
  const type = header.get("content-type");
  return type === "application/grpc" || type === "application/grpc+proto";
}

async function serve({ method }: Handler, { implementation, gate, limits }: StreamMethod, request: Request): Response {
  const { header, body } = request;
  const timeout = parseTimeout(header.get("grpc-timeout"), Number.MAX_SAFE_INTEGER);
  const context = createHandlerContext({
    ...{ method, service: method.parent, protocolName: "grpc", requestMethod: request.method, url: request.url },
    ...(timeout.timeoutMs !== undefined && { timeoutMs: timeout.timeoutMs }),
    ...{ requestSignal: request.signal, requestHeader: header },
    ...(request.contextValues && { contextValues: request.contextValues }),
    responseHeader: { "content-type": contentTypeProto },
    responseTrailer: { "grpc-status": grpcStatusOk },
  });
  const compression = compressionNegotiate(
    acceptedCompressions,
    header.get("grpc-encoding"),
    header.get("grpc-accept-encoding"),
    "grpc-accept-encoding",
  );
  if (compression.response) context.responseHeader.set("grpc-encoding", compression.response.name);
  const incoming = new IncomingMessages(body as AsyncIterable<Uint8Array>, {
    ...{ schema: method.input, compression: compression.request, mostBytes: limits.messageBytes },
    unfit: compression.error ?? timeout.error,
  });
  const outgoing = new OutgoingFrames(context, (answer) => encode(answer, method.output, compression.response, limits));
  await outgoing.begin(async () => {
    await gate(context);
    const answers = implementation(incoming as AsyncIterable<Message> as never, context);
    return Symbol.asyncIterator in answers ? answers[Symbol.asyncIterator]() : one(answers);
  });
  return { status: 200, header: context.responseHeader, body: outgoing, trailer: context.responseTrailer };
}

async function* one(answer: Promise<Answer>): AsyncGenerator<Answer> {
  yield await answer;
}
