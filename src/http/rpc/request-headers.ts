import type { IncomingHttpHeaders } from "node:http2";

/** Credentials stay out of what handlers can read. */
const withheld: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie"]);
/** What these headers may say. Connect repeats in its answer what it does not understand of them, and callers misplace tokens. */
const spellings: ReadonlyMap<string, RegExp> = new Map([
  ["grpc-timeout", /^\d{1,16}[HMSmun]$/],
  ["connect-timeout-ms", /^\d{1,16}$/],
  ["grpc-encoding", /^[a-z0-9-]{1,16}$/],
  ["content-encoding", /^[a-z0-9-]{1,16}$/],
  ["connect-content-encoding", /^[a-z0-9-]{1,16}$/],
]);
/** The longest time that a timer can wait. */
const longestTimeoutMs = 2 ** 31 - 1;
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * A request's headers as Connect wants them, without pseudo-headers and credentials. A deadline that is further away
 * than a timer can wait is left out: it would be taken for one that has passed. A value that Connect would refuse, and
 * repeat to do so, is refused without its text (requirement T7). Undefined where a value is none that a header may have.
 */
export function requestHeaders({ headers }: { readonly headers: IncomingHttpHeaders }): Headers | undefined {
  const converted = new Headers();
  try {
    for (const name in headers) {
      const value = headers[name];
      if (name[0] === ":" || value === undefined || withheld.has(name)) continue;
      const text = understood(name, typeof value === "string" ? value : value.join(", "));
      if (spelledMs(name, text) <= longestTimeoutMs) converted.set(name, text);
    }
    return converted;
  } catch {
    return undefined;
  }
}

const understood = (name: string, value: string): string =>
  spellings.get(name)?.test(value) === false ? "unreadable" : value;

/** How long the caller waits for its answer, in milliseconds, as its protocol says it; undefined where it does not. */
export function timeoutMs(header: Headers): number | undefined {
  const isGrpc = header.get("content-type")?.startsWith("application/grpc");
  const name = isGrpc ? "grpc-timeout" : "connect-timeout-ms";
  const ms = spelledMs(name, header.get(name) ?? "");
  return ms > 0 ? ms : undefined;
}

/** What a deadline header asks for; 0 for any other header, and for a value that is not ours to understand. */
function spelledMs(name: string, value: string): number {
  if (name === "connect-timeout-ms") return Number(value) || 0;
  if (name !== "grpc-timeout") return 0;
  return Number(value.slice(0, -1)) * (unitMs[value.slice(-1)] ?? 0) || 0;
}
