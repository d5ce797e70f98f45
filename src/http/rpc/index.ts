/** Calls: from a request to a guarded method and back, over Connect. */

export { acceptedCompressions } from "./accepted-compressions.ts";
export { amendCodecError, keepAsMeant } from "./codec-error.ts";
export { mountServices } from "./mount-services.ts";
export { OpenStreams } from "./open-streams.ts";
export { requestHeaders } from "./request-headers.ts";
export { StreamSlots } from "./stream-slots.ts";
