import type { Principal } from "../core/principal.ts";
import type { Reason } from "../core/refusal.ts";

/** What came with a call, before its body was read. */
export interface Presented {
  /** Full method name, for instance `openshell.v1.OpenShell/IssueSandboxToken`; from the descriptor, never from the URL. */
  readonly method: string;
  /** The one bearer credential, or undefined where none was sent. Two of them never get this far. */
  readonly bearer: string | undefined;
  readonly arrival: Arrival;
}

/** How a call reached the gateway. */
export interface Arrival {
  /** `sandboxes` is a listener that sandboxes reach: no user is made there without a credential (requirement A6). */
  readonly listener: "users" | "sandboxes";
  /** The remote address of the connection. */
  readonly peer: string;
  /** The local address of the connection, where the caller reached the gateway. */
  readonly localAddress: string;
  /** The `:authority` or Host as sent, with its port; undefined where none was sent. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly encrypted: boolean;
}

/** Knows one kind of credential. */
export interface Authenticator {
  readonly name: string;
  authenticate(presented: Presented): Outcome | Promise<Outcome>;
}

export type Outcome =
  | { readonly kind: "accept"; readonly principal: Principal }
  /** Not a credential of this kind: the next one is asked. */
  | { readonly kind: "decline" }
  /** A credential of this kind, and no good: nobody else is asked. */
  | { readonly kind: "refuse"; readonly reason: Reason };

export const decline: Outcome = { kind: "decline" };
