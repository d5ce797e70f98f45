import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** Codes after which the same call may succeed (those that a supervisor's first calls are repeated for). */
const transient: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
  Code.Internal,
  Code.Unknown,
]);

/** Codes that the gateway itself answers before it does anything: after any other failure the call may have been done. */
const declined: ReadonlySet<Code> = new Set([
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.NotFound,
  Code.ResourceExhausted,
  Code.Unimplemented,
  Code.InvalidArgument,
  Code.FailedPrecondition,
]);

/** The status of a failed call. Failures without one, such as a refused connection, count as `unavailable` or `unknown`. */
export const codeOf = (error: unknown): Code => ConnectError.from(error).code;

export const isTransient = (error: unknown): boolean => transient.has(codeOf(error));

export const isUnauthenticated = (error: unknown): boolean => codeOf(error) === Code.Unauthenticated;

export const isNotFound = (error: unknown): boolean => codeOf(error) === Code.NotFound;

/** Is it certain that the call had no effect? */
export const wasDeclined = (error: unknown): boolean => declined.has(codeOf(error));

/** The reason that the gateway gave as `google.rpc.ErrorInfo`, in upper case with underscores, if it gave one. */
export function reasonOf(error: unknown): string | undefined {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
}
