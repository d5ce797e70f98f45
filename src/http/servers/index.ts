/** The HTTP/1.1 and HTTP/2 servers under all listeners, and what they serve at the moment. */
export { createServers } from "./create-servers.ts";
export { InFlight } from "./in-flight.ts";
export { cutOff, isGone, isHttp2, mustBeTaken, type RawRequest, type RawResponse, stopSending } from "./raw.ts";
