import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A span as OTLP's JSON tells it, its attributes as an object. */
interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, string>>;
}

/** Takes traces as a collector does (OTLP over HTTP, in JSON), on a real port. */
export interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  readonly spans: CollectedSpan[];
  /** The bodies as they came. */
  readonly bodies: string[];
  /** What says who sends, without the spans. */
  readonly resources: Readonly<Record<string, string>>[];
  /** What it answers with; 0 is nothing, ever. */
  status: number;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (CollectedSpan & { attributes: readonly Attribute[] })[];
    }[];
  }[];
}

export async function startCollector(): Promise<Collector> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (collector.status === 0) return;
    response.writeHead(collector.status, { "content-type": "application/json" }).end("{}");
    collector.bodies.push(body);
    if (collector.status !== 200) return;
    for (const { resource, scopeSpans } of (JSON.parse(body) as Sent).resourceSpans) {
      collector.resources.push(plain(resource.attributes));
      for (const { spans } of scopeSpans) {
        collector.spans.push(...spans.map((span) => ({ ...span, attributes: plain(span.attributes) })));
      }
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector: Collector = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    ...{ spans: [], bodies: [], resources: [], status: 200 },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return collector;
}

const plain = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
