import { connect } from "node:http2";
import { describe, expect, test } from "vitest";
import { pause, systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { createTracing, type Tracing } from "../../src/telemetry/index.ts";
import { as, clientOf, protocols } from "../protocols/support/clients.ts";
import { ask, frame, grpcHeaders } from "../protocols/support/http2-client.ts";
import { type Collector, startCollector } from "../support/collector.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { startTestGateway } from "../support/gateway.ts";

const from = (collector: Collector) => ({
  ...{ endpoint: collector.endpoint, ratio: 1, version: "0.0.0-test", instance: "replica-a" },
  ...{ clock: systemClock, log: silentLog },
});
const openShell = "openshell.v1.OpenShell";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${spanId}-01`;

/** What the collector got by the end of the traces, oldest first. */
async function spansOf(collector: Collector, tracing: Tracing) {
  await tracing[Symbol.asyncDispose]();
  return collector.spans;
}

describe.each([
  ["past Connect", true],
  ["through Connect", false],
])("O1: unary gRPC %s", (_way, leanUnary) => {
  test("each call is a span, whatever became of it", async () => {
    await using collector = await startCollector();
    const tracing = await createTracing(from(collector));
    await using gateway = await startTestGateway({ tracing, settings: { leanUnary } });
    const [own, other] = [await gateway.createSandbox("a"), await gateway.createSandbox("b")];
    const client = gateway.client(await own.token(), gateway.sandboxesUrl);
    const before = Date.now();
    await client.getSandboxConfig({ sandboxId: own.id });
    await expect(client.getSandboxConfig({ sandboxId: other.id })).rejects.toThrow();
    await expect(gateway.client("nobody").getCurrentUser({})).rejects.toThrow();
    await expect(gateway.client().listProviders({})).rejects.toThrow();
    const after = Date.now();
    const spans = (await spansOf(collector, tracing)).filter(({ name }) => !name.endsWith("/CreateSandbox"));

    const grpc = { "rpc.system.name": "grpc", "openshell.protocol": "grpc" };
    const of = (method: string, status: string, more = {}) => ({
      name: `${openShell}/${method}`,
      kind: 2,
      attributes: { ...grpc, "rpc.method": `${openShell}/${method}`, "rpc.response.status_code": status, ...more },
    });
    const sandbox = { "openshell.principal.kind": "sandbox" };
    expect(spans.map(({ name, kind, attributes }) => ({ name, kind, attributes }))).toEqual([
      of("GetSandboxConfig", "OK", sandbox),
      of("GetSandboxConfig", "PERMISSION_DENIED", { ...sandbox, "openshell.refusal": "other-sandbox" }),
      of("GetCurrentUser", "UNAUTHENTICATED", { "openshell.refusal": "credential-unrecognised" }),
      of("ListProviders", "UNIMPLEMENTED", {
        "error.type": "UNIMPLEMENTED",
        "openshell.principal.kind": "user",
        "openshell.refusal": "not-built",
      }),
    ]);
    expect(spans.map(({ status }) => status.code ?? 0)).toEqual([0, 0, 0, 2]);
    for (const { startTimeUnixNano, endTimeUnixNano, parentSpanId } of spans) {
      expect(Number(startTimeUnixNano) / 1e6).toBeGreaterThan(before - 1_000);
      expect(Number(endTimeUnixNano)).toBeGreaterThanOrEqual(Number(startTimeUnixNano));
      expect(Number(endTimeUnixNano) / 1e6).toBeLessThan(after + 1_000);
      expect(parentSpanId).toBeUndefined();
    }
    expect(collector.resources[0]).toMatchObject({
      "service.name": "openshell-gateway",
      "service.version": "0.0.0-test",
      "service.instance.id": "replica-a",
    });
  });

  test.each([
    ["sampled", traceparent],
    ["not sampled, which a caller has no say in", `${traceparent.slice(0, -2)}00`],
  ])("a call is part of the trace that its caller names: %s", async (_what, given) => {
    await using collector = await startCollector();
    const tracing = await createTracing(from(collector));
    await using gateway = await startTestGateway({ tracing, settings: { leanUnary } });
    await gateway.client().health({}, { headers: { traceparent: given } });
    expect(await spansOf(collector, tracing)).toMatchObject([{ traceId, parentSpanId: spanId }]);
  });

  test.each([
    ["zeros", `00-${"0".repeat(32)}-${spanId}-01`],
    ["no trace", "00"],
    ["a future that breaks the form", `${traceparent}-more`],
    ["upper case", traceparent.toUpperCase()],
    ["a text", "Bearer secret-of-somebody"],
    ["very much", traceparent.repeat(50)],
  ])("what names no trace begins one: %s", async (_what, given) => {
    await using collector = await startCollector();
    const tracing = await createTracing(from(collector));
    await using gateway = await startTestGateway({ tracing, settings: { leanUnary } });
    await gateway.client().health({}, { headers: { traceparent: given } });
    const [span, ...others] = await spansOf(collector, tracing);
    expect(others).toEqual([]);
    expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span?.traceId).not.toBe(traceId);
    expect(span?.parentSpanId).toBeUndefined();
    expect(collector.bodies.join()).not.toContain("secret-of-somebody");
  });

  test("two names of a trace are none", async () => {
    await using collector = await startCollector();
    const tracing = await createTracing(from(collector));
    await using gateway = await startTestGateway({ tracing, settings: { leanUnary } });
    const session = connect(gateway.url);
    const headers = { ...grpcHeaders(`/${openShell}/Health`), traceparent: [traceparent, traceparent] };
    await ask(session, headers, frame(Buffer.alloc(0)));
    session.destroy();
    const [span] = await spansOf(collector, tracing);
    expect(span).toBeDefined();
    expect(span?.traceId).not.toBe(traceId);
  });
});

test.each(protocols)("O1: a call by %s is a span", async (_name, make) => {
  await using collector = await startCollector();
  const tracing = await createTracing(from(collector));
  await using gateway = await startTestGateway({ tracing });
  const client = clientOf(make(gateway.url));
  await client.health({}, { headers: { traceparent } });
  await expect(client.getCurrentUser({}, as("nobody's"))).rejects.toThrow();
  const spans = await spansOf(collector, tracing);
  expect(spans).toMatchObject([{ traceId, parentSpanId: spanId }, {}]);
  const [answered, refused] = spans.map(({ attributes }) => attributes);
  const isConnect = refused?.["rpc.system.name"] === "connectrpc";
  expect(answered?.["rpc.response.status_code"]).toBe(isConnect ? undefined : "OK");
  expect(refused?.["rpc.response.status_code"]).toBe(isConnect ? "unauthenticated" : "UNAUTHENTICATED");
});

test("T7: no token and nothing that a caller sends is in a trace", async () => {
  await using collector = await startCollector();
  const tracing = await createTracing(from(collector));
  await using gateway = await startTestGateway({ tracing });
  const sandbox = await gateway.createSandbox("a-name-of-mine");
  const token = await sandbox.token();
  const client = gateway.client(token, gateway.sandboxesUrl);
  await client.getSandboxConfig({ sandboxId: sandbox.id }, { headers: { "x-mine": "a-word-of-mine" } });
  await client.refreshSandboxToken({});
  await expect(client.getSandboxConfig({ sandboxId: "an-id-of-mine" })).rejects.toThrow();
  expect(await spansOf(collector, tracing)).toHaveLength(4);
  const sent = collector.bodies.join();
  for (const part of token.split(".")) expect(sent).not.toContain(part);
  expect(sent).not.toMatch(/-of-mine|eyJ/);
});

test("of a ratio of 0 nothing is sent, and of a half about that much, whatever callers say", async () => {
  await using collector = await startCollector();
  for (const [ratio, least, most] of [
    [0, 0, 0],
    [0.5, 350, 650],
  ] as const) {
    const tracing = await createTracing({ ...from(collector), ratio });
    for (let at = 0; at < 1_000; at++) {
      const id = `${at.toString(16).padStart(8, "1")}${crypto.randomUUID().replaceAll("-", "").slice(8)}`;
      tracing.call({ ...ended, traceparent: `00-${id}-${spanId}-01` });
    }
    const { length } = await spansOf(collector, tracing);
    expect(length).toBeGreaterThanOrEqual(least);
    expect(length).toBeLessThanOrEqual(most);
  }
});

const ended = {
  ...{ method: `${openShell}/Health`, protocol: "grpc", code: "ok", reason: undefined, durationMs: 1.5 },
  ...{ principalKind: undefined, traceparent: undefined },
};

test("a collector that does not take them is told of once in the log, and costs no call", async () => {
  await using collector = await startCollector();
  collector.status = 400;
  const lines: string[] = [];
  const note = (_fields: object, message: string) => void lines.push(message);
  const log = { ...silentLog, warn: note, info: note };
  const tracing = await createTracing({ ...from(collector), log });
  // A batch is sent as soon as it is full.
  const batch = async () => {
    const before = collector.bodies.length;
    for (let at = 0; at < 512; at++) tracing.call(ended);
    await expect.poll(() => collector.bodies.length).toBe(before + 1);
  };
  await batch();
  await expect.poll(() => lines).toEqual(["traces are not taken, and are lost"]);
  await batch();
  collector.status = 200;
  await batch();
  await expect.poll(() => lines).toEqual(["traces are not taken, and are lost", "traces are taken again"]);
  await tracing[Symbol.asyncDispose]();
  expect(lines).toHaveLength(2);
});

test("a collector that never answers holds up no end for longer than 5 s", async () => {
  await using collector = await startCollector();
  collector.status = 0;
  const clock = new FakeClock();
  const tracing = await createTracing({ ...from(collector), clock });
  tracing.call(ended);
  let isOver = false;
  const over = tracing[Symbol.asyncDispose]().then(() => {
    isOver = true;
  });
  await clock.advance(4_999);
  await pause(systemClock, 20);
  expect(isOver).toBe(false);
  await clock.advance(1);
  await over;
});
