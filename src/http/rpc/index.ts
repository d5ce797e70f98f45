/** Calls: from a request to a guarded method and back, over Connect. */

export { toConnectError } from "./connect-error.ts";
export type { CallRecord, OnCall } from "./end-of-call.ts";
export { mountServices } from "./mount-services.ts";
export { OpenStreams } from "./open-streams.ts";
export { StreamSlots } from "./stream-slots.ts";
