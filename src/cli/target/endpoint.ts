import { usageFailure } from "../failure.ts";

/** A gateway's address, `scheme://host[:port]`. */
export interface Endpoint {
  readonly url: string;
  readonly secure: boolean;
  /** Whether it is on this machine: `localhost`, 127.0.0.0/8 or `::1`. */
  readonly loopback: boolean;
  readonly hostname: string;
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads a gateway's address. A path, query or credentials are refused: gRPC has no use for the first two, and the third
 * would be printed in every message.
 *
 * @param origin where the text comes from, for the message
 * @throws Failure (usage)
 */
export function parseEndpoint(text: string, origin: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw usageFailure(`${origin}: not an endpoint`, "write it as http://host:port or https://host:port");
  }
  if (url.username || url.password || url.pathname !== "/" || url.search || url.hash) {
    throw usageFailure(
      `${origin}: an endpoint is a scheme, a host and a port, and nothing else`,
      `did you mean ${url.origin}?`,
    );
  }
  return {
    url: url.origin,
    secure: url.protocol === "https:",
    loopback: loopbackHost.test(url.hostname),
    hostname: url.hostname,
  };
}
