import type { Principal } from "../core/principal.ts";

/** A stream's right to go on. */
export interface Lease extends Disposable {
  /** Aborts, with a `Refusal` as reason, when the credential behind the stream ends (requirement S6). */
  readonly signal: AbortSignal;
}

/** Opens a lease for a principal; undefined where its credential cannot end before its stream does. */
export type OpenLease = (principal: Principal) => Lease | undefined;
