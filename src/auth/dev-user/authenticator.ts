import type { UserPrincipal } from "../../core/principal.ts";
import type { Arrival, Authenticator, Outcome } from "../authenticator.ts";
import { originOf, parseHost } from "./host.ts";
import { isLoopbackAddress, isLoopbackName } from "./loopback.ts";

export interface DevUserOptions {
  /** Names, besides those of loopback, under which people reach this gateway; without a port. */
  readonly hosts?: readonly string[];
  /** Whether a method (full name) is for sandboxes alone: the development user never answers for one. */
  readonly isSandboxOnly: (method: string) => boolean;
}

const devUser: UserPrincipal = {
  kind: "user",
  provider: "local_dev",
  issuer: "local_dev",
  subject: "unauthenticated-local-dev",
  displayName: "Local developer",
  roles: new Set(["openshell-user", "openshell-admin"]),
  scopes: new Set(["openshell:all"]),
};

const accept: Outcome = { kind: "accept", principal: devUser };
const refuse: Outcome = { kind: "refuse", reason: "credential-missing" };

/**
 * Who a caller without any credential is on a developer's own machine (requirement A6), where unauthenticated users are
 * allowed and nothing else knows users. It answers only what surely comes from that machine, and from no web page but
 * the gateway's own: a page that rebinds its name to 127.0.0.1 sends its own name as Host, any other page its Origin.
 * Everybody else lacks a credential.
 */
export function createDevUserAuthenticator({ hosts = [], isSandboxOnly }: DevUserOptions): Authenticator {
  const configured = new Set(hosts.map((host) => host.toLowerCase()));

  function isOwn({ listener, peer, localAddress, host, origin, encrypted }: Arrival): boolean {
    if (listener !== "users" || !isLoopbackAddress(peer) || !isLoopbackAddress(localAddress)) return false;
    const own = host === undefined ? undefined : parseHost(host);
    if (!own || !(isLoopbackName(own.name) || configured.has(own.name))) return false;
    return origin === undefined || origin === originOf(own.authority, encrypted);
  }

  return {
    name: "dev-user",
    authenticate: ({ method, bearer, arrival }) =>
      bearer === undefined && isOwn(arrival) && !isSandboxOnly(method) ? accept : refuse,
  };
}
