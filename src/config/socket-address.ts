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

const prefixed = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** Is this an IP address, or a network such as `10.0.0.0/8`? */
export function isNetwork(text: string): boolean {
  const [, address = "", bits = "0"] = prefixed.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}
