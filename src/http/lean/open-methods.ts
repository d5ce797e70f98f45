import type { DescMethodUnary } from "@bufbuild/protobuf";
import { ConnectError, createContextValues, createHandlerContext, type MethodImplSpec } from "@connectrpc/connect";
import { contentTypeProto, grpcStatusOk } from "@connectrpc/connect/protocol-grpc";
import { admitAll, unexpected } from "../call/index.ts";
import type { LeanCall } from "./lean-call.ts";
import { type LeanMethod, pathOfMethod } from "./lean-method.ts";

/** The unary ones of methods that are open to everybody, with the implementations that Connect would call. */
export function openMethods(methods: readonly MethodImplSpec[]): LeanMethod[] {
  return methods.flatMap((spec) => (spec.kind === "unary" ? [openMethod(spec)] : []));
}

function openMethod({ method, impl }: MethodImplSpec & { readonly kind: "unary" }): LeanMethod {
  return {
    method,
    admit: admitAll,
    invoke(request, call) {
      const context = contextOf(method, call);
      call.answersWith(context);
      return impl(request, context);
    },
    errorOf: (thrown) => (thrown instanceof ConnectError ? thrown : unexpected(thrown)),
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
