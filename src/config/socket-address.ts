import { isIP } from "node:net";

export interface SocketAddress {
  readonly host: string;
  readonly port: number | undefined;
}

const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/;
const plain = /^([^:]+)(?::(\d{1,5}))?$/;

/** An IP address, with a port or without; undefined for anything else. Names are no addresses: what they mean can change. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  if (isIP(text)) return { host: text, port: undefined };
  const [, host = "", digits] = bracketed.exec(text) ?? plain.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  const fits = isIP(host) !== 0 && (port === undefined || port <= 65_535);
  return fits ? { host, port } : undefined;
}

/** Can nobody but this machine reach what is bound there? */
export const isLoopbackHost = (host: string): boolean => host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
