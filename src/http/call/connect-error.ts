import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { Refusal, type RefusalCode } from "../../core/refusal.ts";

const codes: Readonly<Record<RefusalCode, Code>> = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  resource_exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
};

/**
 * The only place where a refusal becomes an answer: code, public text, and where the row allows it the reason as
 * `google.rpc.ErrorInfo` and the wait as `google.rpc.RetryInfo`. The refusal stays behind as the error's cause, for the
 * log. Anything else that was thrown is `internal`, and says no more.
 */
export function toConnectError(thrown: unknown): ConnectError {
  const refusal = Refusal.from(thrown);
  const error = new ConnectError(refusal.message, codes[refusal.code], undefined, undefined, refusal);
  if (refusal.told) error.details.push({ desc: ErrorInfoSchema, value: errorInfo(refusal) });
  if (refusal.retryAfterMs !== undefined)
    error.details.push({ desc: RetryInfoSchema, value: retryInfo(refusal.retryAfterMs) });
  return error;
}

function errorInfo({ reason }: Refusal): MessageInitShape<typeof ErrorInfoSchema> {
  return { reason: reason.toUpperCase().replaceAll("-", "_"), domain: "openshell" };
}

function retryInfo(afterMs: number): MessageInitShape<typeof RetryInfoSchema> {
  const seconds = Math.floor(afterMs / 1000);
  return { retryDelay: { seconds: BigInt(seconds), nanos: Math.round((afterMs - seconds * 1000) * 1e6) } };
}
