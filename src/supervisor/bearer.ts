import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Credential, Renewal } from "./credential.ts";
import { isUnauthenticated, reasonOf } from "./status.ts";
import { bearerValue } from "./token-calls.ts";

/**
 * Puts the slot's token on every call (requirement P2). A unary call that is refused with `unauthenticated` is made once
 * more when another token is in the slot by then; whoever opens a stream opens it again.
 */
export function sendBearer(credential: Credential): Interceptor {
  return (next) => async (request) => {
    const { token, version } = await credential.present();
    request.header.set("authorization", bearerValue(token));
    try {
      return await next(request);
    } catch (error) {
      if (request.stream || !isUnauthenticated(error)) throw error;
      const renewal = await unlessAborted(request.signal, credential.recover({ version, reason: reasonOf(error) }));
      if (renewal !== "renewed") throw error;
      request.header.set("authorization", bearerValue((await credential.present()).token));
      return await next(request);
    }
  };
}

/** The renewal goes on when the call that waits for it runs out of time. */
function unlessAborted(signal: AbortSignal, renewal: Promise<Renewal>): Promise<Renewal> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(ConnectError.from(signal.reason));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    renewal.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
