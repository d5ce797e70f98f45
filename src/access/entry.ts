import type { Principal } from "../core/principal.ts";

/** Request metadata by lower-case name; what a transport calls headers. Credentials are not among it. */
export interface Metadata {
  get(name: string): string | undefined;
}

/** An authenticated call on its way to its handler. It knows nothing of the transport that carried it. */
export interface Entry {
  readonly principal: Principal;
  /** Aborts when the caller goes away or the gateway drains. May be a getter that makes it: read it only where it is needed. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** The caller's address, for the audit log. */
  readonly peer: string;
}
