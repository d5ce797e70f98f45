import type { DescMethod, DescMethodUnary, Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextValues,
  createHandlerContext,
  createServiceImplSpec,
} from "@connectrpc/connect";
import { contentTypeProto, grpcStatusOk } from "@connectrpc/connect/protocol-grpc";
import type { Answer } from "../../access/index.ts";
import { admitAll } from "../call/index.ts";
import type { LeanCall } from "./lean-call.ts";
import { type LeanMethod, pathOfMethod } from "./lean-method.ts";

type Implementation = ReturnType<typeof createServiceImplSpec>["methods"][string]["impl"];
type UnaryImplementation = (request: Message, context: ReturnType<typeof createHandlerContext>) => unknown;

/**
 * The unary methods of services that are open to everybody, with the implementations that Connect would call.
 * @param add gives them to a router
 */
export function openMethods(add: (router: ConnectRouter) => void): LeanMethod[] {
  const found: LeanMethod[] = [];
  const note = (method: DescMethodUnary, implementation: Implementation) =>
    void found.push(openMethod(method, implementation as UnaryImplementation));
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation) {
      for (const { kind, method, impl } of Object.values(createServiceImplSpec(service, implementation).methods)) {
        if (kind === "unary") note(method, impl);
      }
      return router;
    },
    rpc(method, implementation) {
      if (isUnary(method)) note(method, implementation as Implementation);
      return router;
    },
  };
  add(router);
  return found;
}

const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === "unary";

function openMethod(method: DescMethodUnary, implementation: UnaryImplementation): LeanMethod {
  return {
    method,
    admit: admitAll,
    invoke(request, call) {
      const context = contextOf(method, call);
      call.answersWith(context);
      return implementation(request, context) as Answer | Promise<Answer>;
    },
    errorOf: (thrown) =>
      thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal, undefined, undefined, thrown),
  };
}

function contextOf(method: DescMethodUnary, call: LeanCall) {
  return createHandlerContext({
    method,
    service: method.parent,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://gateway${pathOfMethod(method)}`,
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
    requestSignal: call.signal,
    requestHeader: call.requestHeader,
    responseHeader: { "content-type": contentTypeProto },
    responseTrailer: { "grpc-status": grpcStatusOk },
    contextValues: createContextValues(),
  });
}
