import { Http2SessionManager } from "@connectrpc/connect-node";

/** The call on the session has failed with this error already. */
const told = () => undefined;

/**
 * Keeps the HTTP/2 connection of one gateway. A session that is given up while it dies raises its error when the manager
 * no longer listens, which would end the process; so that somebody always does, each session that carried a call is
 * listened to until it is gone.
 */
export class Sessions extends Http2SessionManager {
  override async request(...args: Parameters<Http2SessionManager["request"]>) {
    const stream = await super.request(...args);
    stream.session?.off("error", told).on("error", told);
    return stream;
  }
}
