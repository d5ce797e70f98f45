import { setTimeout as pause } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type {
  Answer,
  Header,
  RequestInfo,
  StreamDefinition,
  StreamRequest,
  UnaryDefinition,
  UnaryRequest,
  WantedError,
} from "./messages.ts";
import type { SuiteDescriptors } from "./suite-descriptors.ts";

/** Adds the service that the suite calls: each request says how it wants to be answered. */
export function addConformanceService(suite: SuiteDescriptors): (router: ConnectRouter) => void {
  const requestInfo = suite.message("ConformancePayload.RequestInfo");

  function errorOf({ code, message, details }: WantedError, info: RequestInfo | undefined): ConnectError {
    const error = new ConnectError(message ?? "", code);
    error.details = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
    if (info) error.details.push({ desc: requestInfo, value: info as never });
    return error;
  }
  async function answerOnce(
    requests: readonly Message[],
    definition: UnaryDefinition | undefined,
    context: HandlerContext,
  ): Promise<Answer> {
    const info = infoOf(context, requests);
    if (!definition) return { payload: { requestInfo: info } };
    setMetadata(definition, context);
    await pause(definition.responseDelayMs);
    const { response } = definition;
    if (response.case === "error") throw errorOf(response.value, info);
    return { payload: { requestInfo: info, data: response.value ?? new Uint8Array() } };
  }
  async function clientStream(requests: AsyncIterable<UnaryRequest>, context: HandlerContext): Promise<Answer> {
    const all = await Array.fromAsync(requests);
    return answerOnce(all, all[0]?.responseDefinition, context);
  }
  async function* answerAll(
    requests: readonly Message[],
    definition: StreamDefinition | undefined,
    context: HandlerContext,
  ): AsyncGenerator<Answer> {
    if (!definition) return;
    setMetadata(definition, context);
    let info: RequestInfo | undefined = infoOf(context, requests);
    for (const data of definition.responseData) {
      await pause(definition.responseDelayMs);
      yield { payload: { data, ...(info && { requestInfo: info }) } };
      info = undefined;
    }
    if (definition.error) throw errorOf(definition.error, info);
  }
  async function* inTurn(
    first: StreamRequest,
    others: AsyncIterator<StreamRequest>,
    context: HandlerContext,
  ): AsyncGenerator<Answer> {
    const definition = first.responseDefinition;
    if (!definition) return;
    setMetadata(definition, context);
    let unanswered: StreamRequest[] = [first];
    let sent = 0;
    for (const data of definition.responseData) {
      const requests = unanswered.splice(0);
      const info = sent === 0 ? infoOf(context, requests) : { requests: packed(context, requests) };
      await pause(definition.responseDelayMs);
      const isAsked = requests.length > 0;
      yield { payload: { data, ...(isAsked && { requestInfo: info }) } };
      sent++;
      const next = await others.next();
      if (!next.done) unanswered = [next.value];
    }
    if (definition.error) throw errorOf(definition.error, sent === 0 ? infoOf(context, unanswered) : undefined);
  }
  async function* bidiStream(requests: AsyncIterable<StreamRequest>, context: HandlerContext): AsyncGenerator<Answer> {
    const frames = requests[Symbol.asyncIterator]();
    const { done, value: first } = await frames.next();
    if (done) return;
    if (first.fullDuplex) return yield* inTurn(first, frames, context);
    const all: StreamRequest[] = [first];
    for (let next = await frames.next(); !next.done; next = await frames.next()) all.push(next.value);
    yield* answerAll(all, first.responseDefinition, context);
  }
  const unary = (request: UnaryRequest, context: HandlerContext) =>
    answerOnce([request], request.responseDefinition, context);
  const implementation = {
    unary,
    idempotentUnary: unary,
    clientStream,
    serverStream: (request: StreamRequest, context: HandlerContext) =>
      answerAll([request], request.responseDefinition, context),
    bidiStream,
  };
  // The messages' types are known here, and not to a descriptor that is read at run time.
  return (router) => void router.service(suite.service, implementation as never);
}

function setMetadata({ responseHeaders, responseTrailers }: UnaryDefinition | StreamDefinition, to: HandlerContext) {
  for (const { name, value } of responseHeaders) for (const each of value) to.responseHeader.append(name, each);
  for (const { name, value } of responseTrailers) for (const each of value) to.responseTrailer.append(name, each);
}

function infoOf(context: HandlerContext, requests: readonly Message[]): RequestInfo {
  const timeoutMs = context.timeoutMs();
  return {
    requestHeaders: listed(context.requestHeader),
    requests: packed(context, requests),
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.round(timeoutMs)) }),
    ...(context.requestMethod === "GET" && {
      connectGetInfo: { queryParams: listed(new URL(context.url).searchParams) },
    }),
  };
}

const packed = (context: HandlerContext, requests: readonly Message[]) =>
  requests.map((request) => anyPack(context.method.input, request));

const listed = (entries: Iterable<[string, string]>): Header[] =>
  Array.from(entries, ([name, value]) => ({ name, value: [value] }));
