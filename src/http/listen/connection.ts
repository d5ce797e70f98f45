import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** `operations` answers probes and metrics alone; `sandboxes` is a listener that sandboxes reach (requirement A6). */
export type ListenerKind = "users" | "sandboxes" | "operations";

/** What is the same for all requests of a connection. */
export interface Connection {
  readonly kind: ListenerKind;
  /** The remote address; an IPv4 address is spelled as one, on a dual-stack listener too. */
  readonly peer: string;
  readonly localAddress: string;
  readonly encrypted: boolean;
  /** Requests that are being served. */
  active: number;
  /** Requests so far. */
  served: number;
  /** When the last request ended, by the monotonic clock. */
  lastUsed: number;
}

/** Describes an accepted socket; undefined where the peer has gone already. */
export function describeConnection(
  socket: Socket | TLSSocket,
  kind: ListenerKind,
  now: number,
): Connection | undefined {
  const { remoteAddress, localAddress } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  return {
    kind,
    peer: withoutMapping(remoteAddress),
    localAddress: withoutMapping(localAddress),
    encrypted: "encrypted" in socket,
    active: 0,
    served: 0,
    lastUsed: now,
  };
}

const withoutMapping = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "");

/** Whether an address is the machine itself. */
export const isLoopback = (address: string): boolean => address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
