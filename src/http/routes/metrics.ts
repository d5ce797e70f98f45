import type { FastifyInstance } from "fastify";
import type { Head } from "../head.ts";
import { isLoopback } from "../listen/index.ts";
import type { RawRequest } from "../servers/index.ts";

interface MetricsOptions {
  readonly metricsText: () => Promise<string>;
  readonly headOf: (request: RawRequest) => Head;
}

/** Names of headers that only a proxy adds: whoever is behind one is a stranger, though the proxy is on this machine. */
const forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/**
 * `/metrics` in Prometheus' text format. Strangers get none (A-80): it is there on listeners for operations, and for
 * users on the machine itself that come neither through a proxy nor from a web page.
 */
export function metrics(app: FastifyInstance, { metricsText, headOf }: MetricsOptions): void {
  app.get("/metrics", async (request, reply) => {
    const head = headOf(request.raw);
    const kind = head.connection.kind;
    const local = kind === "users" && isLocal(head) && !forwarded.some((name) => name in request.headers);
    if (kind !== "operations" && !local) return reply.callNotFound();
    reply.type("text/plain; version=0.0.4; charset=utf-8");
    return metricsText();
  });
}

function isLocal({ arrival: { peer, localAddress, host, origin } }: Head): boolean {
  const name = host?.replace(/:\d+$/, "") ?? "";
  const named = name === "localhost" || isLoopback(name.replace(/^\[(.*)\]$/, "$1"));
  return isLoopback(peer) && isLoopback(localAddress) && named && origin === undefined;
}
