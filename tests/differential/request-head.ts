import type { ClientHttp2Session } from "node:http2";
import { actHeader, numberHeader } from "./acting.ts";
import type { Authority, GeneratedCall, PathSpelling } from "./generated-call.ts";

/** A call's header block: names and values in turn, as they go out. */
export function headersOf(call: GeneratedCall, number: string, session: ClientHttp2Session): string[] {
  const own = `127.0.0.1:${session.socket.remotePort}`;
  const lines = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value]);
  return [
    ...[
      ":method",
      call.verb,
      ":path",
      spelledPath(call.method, call.path),
      ":scheme",
      session.encrypted ? "https" : "http",
    ],
    ...authorityLines(call.authority, own),
    ...lines("content-type", call.types),
    ...lines("te", call.te),
    ...lines("authorization", call.authorization),
    ...lines("grpc-timeout", call.timeout),
    ...lines("grpc-encoding", call.encoding),
    ...lines("grpc-accept-encoding", call.accept),
    ...[numberHeader, number, actHeader, JSON.stringify(call.acts)],
    ...call.metadata.flat(),
  ];
}

function authorityLines(authority: Authority, own: string): string[] {
  switch (authority) {
    case "own":
      return [":authority", own];
    case "other":
      return [":authority", "gw.example"];
    case "same-host":
      return [":authority", "gw.example", "host", "gw.example"];
    case "other-host":
      return [":authority", "gw.example", "host", "evil.example"];
    case "two-hosts":
      return [":authority", "gw.example", "host", "gw.example", "host", "gw.example"];
    case "bad":
      return [":authority", "user@gw.example"];
    case "empty":
      return [":authority", ""];
  }
}

function spelledPath(method: string, path: PathSpelling): string {
  switch (path) {
    case "exact":
      return `/${method}`;
    case "query":
      return `/${method}?a=b`;
    case "lower":
      return `/${method.toLowerCase()}`;
    case "slash":
      return `/${method}/`;
    case "double":
      return `//${method}`;
    case "encoded":
      return `/${method.replace(".", "%2E")}`;
    case "parameter":
      return `/${method};x=1`;
    case "dots":
      return `/./${method}`;
  }
}
