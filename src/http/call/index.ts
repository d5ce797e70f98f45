/** What becomes of a call, whatever carried it: who may make it, which error it ends with, and who is told of its end. */
export { type Admit, admitAll, guardedAdmission } from "./admission.ts";
export type { Call } from "./call.ts";
export { toConnectError } from "./connect-error.ts";
export { type CallRecord, createEndOfCall, type EndOfCall, type OnCall } from "./end-of-call.ts";
export { errorOf, unexpected } from "./error-of.ts";
export { bodyOverdue, callerGone, timedOut } from "./overdue.ts";
