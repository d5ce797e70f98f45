import { Code } from "@connectrpc/connect";
import type { Arrival } from "../auth/index.ts";
import type { Connection } from "./listen/index.ts";

/** What a request's headers say that everybody after this relies on. */
export interface Head {
  readonly connection: Connection;
  /** Every Authorization value as sent, in order. */
  readonly authorization: readonly string[];
  readonly arrival: Arrival;
  /** Which trace the caller says that this is part of (W3C Trace Context), as it came. */
  readonly traceparent: string | undefined;
}

/** Why a request is answered before anybody looks where it goes. */
export interface HeadProblem {
  readonly status: number;
  readonly code: Code;
  readonly says: string;
}

/** What a head is read from. */
export interface HeadSource {
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly headers: { readonly origin?: string | undefined; readonly traceparent?: string | string[] | undefined };
  readonly httpVersionMajor: number;
  url?: string | undefined;
}

const noHost: HeadProblem = {
  status: 400,
  code: Code.InvalidArgument,
  says: "the request names no host, or several",
};
const tooLong: HeadProblem = { status: 431, code: Code.ResourceExhausted, says: "the request's headers are too long" };

const authority = /^[A-Za-z0-9._~!$&'()*+,;=:[\]%-]{1,261}$/;

/**
 * Reads a request's headers once, as they came: Node's own header objects keep the first of several values and drop the
 * rest unseen. It is a problem where nobody can say which host was meant: none, two different ones, one that is no host,
 * or a URL that names another than the Host header (A-65). A URL in absolute form is brought to its path. The headers'
 * length is looked at here too: HTTP/2 only knows its bound once the client has acknowledged it (A-25).
 */
export function readHead(request: HeadSource, connection: Connection, mostBytes: number): Head | HeadProblem {
  const raw = request.rawHeaders;
  const authorization: string[] = [];
  let host: string | undefined;
  let hosts = 0;
  let bytes = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    bytes += name.length + value.length;
    if (name.length === 13 && name.toLowerCase() === "authorization") authorization.push(value);
    else if ((name.length === 4 && name.toLowerCase() === "host") || name === ":authority") {
      // HTTP/2 may carry both names for one host; HTTP/1.1 may say it once (RFC 9112, section 3.2).
      hosts += value === host && request.httpVersionMajor === 2 ? 0 : 1;
      host = value;
    }
  }
  if (bytes > mostBytes) return tooLong;
  if (hosts !== 1 || host === undefined || !authority.test(host)) return noHost;
  if (request.url?.[0] !== "/" && !toPath(request, host)) return noHost;
  const { peer, localAddress, encrypted, kind } = connection;
  const listener = kind === "sandboxes" ? "sandboxes" : "users";
  const arrival = { listener, peer, localAddress, host, origin: request.headers.origin, encrypted } as const;
  const { traceparent } = request.headers;
  return { connection, authorization, arrival, traceparent: typeof traceparent === "string" ? traceparent : undefined };
}

/** `http://host/path` to `/path` (RFC 9112, section 3.2.2); `*` stays, no route has that name. */
function toPath(request: HeadSource, host: string): boolean {
  const url = request.url ?? "";
  if (url === "*") return true;
  const [, named, path] = /^https?:\/\/([^/?#]*)([/?].*)?$/i.exec(url) ?? [];
  if (named?.toLowerCase() !== host.toLowerCase()) return false;
  request.url = path === undefined || path[0] === "?" ? `/${path ?? ""}` : path;
  return true;
}
