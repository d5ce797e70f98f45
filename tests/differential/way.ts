import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { WrittenFiles } from "../protocols/support/certificates.ts";
import { type Fixture, type FixtureOptions, startFrontDoor } from "../protocols/support/fixture.ts";
import { Acting, actHeader } from "./acting.ts";
import type { Act } from "./generated-call.ts";
import { messageBytes } from "./messages.ts";

type Handlers = NonNullable<FixtureOptions["handlers"]>;
type LooseCall = Parameters<Exclude<NonNullable<Handlers["getSandboxConfig"]>, symbol>>[1];

type TlsFiles = Pick<WrittenFiles, "certFile" | "keyFile">;

/** One of two front doors that must answer alike: what it serves does as it is told. */
export interface Way extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly acting: Acting;
}

/** Opens a front door. @param over what this one shall do otherwise than the other */
export async function openWay(
  leanUnary: boolean,
  tls: TlsFiles,
  { handlers = {}, limits = {}, ...over }: FixtureOptions = {},
): Promise<Way> {
  const acting = new Acting();
  const fixture = await startFrontDoor({
    leanUnary,
    random: () => 0.5,
    openServices: (router) => addOpenService(router, acting),
    listeners: [{}, { kind: "sandboxes" }, { kind: "operations" }, { tls }],
    ...over,
    handlers: { ...actingHandlers(acting), ...handlers },
    limits: { messageBytes, answerBytes: 8_192, headerBytes: 8_192, ...limits },
  });
  return { fixture, acting, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

function actingHandlers(acting: Acting): Handlers {
  const unary = OpenShell.methods.filter(({ methodKind }) => methodKind === "unary");
  const handlers = unary.map((method) => {
    const handler = (request: Message, call: LooseCall) => {
      const about = { caller: call.principal.kind, sandbox: call.sandbox?.id };
      return acting.run({ method, request, metadata: call.metadata, signal: () => call.signal, about });
    };
    return [method.localName, handler];
  });
  return Object.fromEntries(handlers) as Handlers;
}

function addOpenService(router: ConnectRouter, acting: Acting): void {
  const methods = Inference.methods.map((method) => {
    const implementation = (request: Message, context: HandlerContext) => {
      const { requestHeader } = context;
      const metadata = { get: (name: string) => requestHeader.get(name) ?? undefined };
      setMetadata(context);
      return acting.run({ method, request, metadata, signal: () => context.signal, about: aboutContext(context) });
    };
    return [method.localName, implementation];
  });
  router.service(Inference, Object.fromEntries(methods) as ServiceImpl<typeof Inference>);
}

/** What an implementation for Connect can read of its call, but for what differs from one moment to the next. */
function aboutContext(context: HandlerContext): Record<string, unknown> {
  const { method, service, protocolName, requestMethod, url, requestHeader, responseHeader, responseTrailer } = context;
  return {
    ...{ method: method.name, service: service.typeName, protocolName, requestMethod, url },
    hasDeadline: context.timeoutMs() !== undefined,
    request: [...requestHeader],
    answer: [[...responseHeader].filter(([name]) => name !== "grpc-encoding"), [...responseTrailer]],
  };
}

/** Open implementations may say more than their message. */
function setMetadata(context: HandlerContext): void {
  const act = JSON.parse(context.requestHeader.get(actHeader) ?? "null") as Act | null;
  if (act?.does !== "set-metadata" && act?.does !== "fail-with-metadata") return;
  context.responseHeader.append("x-answer", "1");
  context.responseHeader.append("x-answer", act.detail);
  context.responseTrailer.set("x-end", act.detail);
  context.responseTrailer.set("x-end-bin", "AAEC");
  if (act.does === "set-metadata") return;
  const error = new ConnectError(`failed: ${act.detail} é`, Code.Aborted, { "x-error": "1", "x-answer": "2" });
  throw error;
}
