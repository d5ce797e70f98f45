import { expect, test } from "vitest";
import { type CallMeasure, createMetrics } from "../../../src/telemetry/index.ts";

const method = "openshell.v1.OpenShell/Health";
const call: CallMeasure = { method, protocol: "grpc", code: "ok", reason: undefined, durationMs: 4 };
const open = () => createMetrics({ version: "1.2.3", methods: [method] });
const lineOf = async (metrics: ReturnType<typeof open>, start: string) =>
  (await metrics.text()).split("\n").filter((line) => line.startsWith(start));

test("calls are counted by method, code and protocol, and timed", async () => {
  const metrics = open();
  metrics.call(call);
  metrics.call({ ...call, code: "unauthenticated", reason: "token-expired", durationMs: 8 });
  expect(await lineOf(metrics, "openshell_gateway_calls_total")).toEqual([
    `openshell_gateway_calls_total{method="${method}",code="ok",protocol="grpc"} 1`,
    `openshell_gateway_calls_total{method="${method}",code="unauthenticated",protocol="grpc"} 1`,
  ]);
  expect(await lineOf(metrics, "openshell_gateway_refusals_total")).toEqual([
    'openshell_gateway_refusals_total{reason="token-expired"} 1',
  ]);
  expect(await lineOf(metrics, 'openshell_gateway_call_duration_seconds_bucket{le="0.005"')).toEqual([
    `openshell_gateway_call_duration_seconds_bucket{le="0.005",method="${method}"} 1`,
  ]);
  expect(await lineOf(metrics, "openshell_gateway_call_duration_seconds_sum")).toEqual([
    `openshell_gateway_call_duration_seconds_sum{method="${method}"} 0.012`,
  ]);
});

test("a caller cannot add a series, nor put anything into one", async () => {
  const metrics = open();
  for (const odd of ["eyJhbGciOiJub25lIn0.e30.", 'x"} 1\nforged 1', "constructor"]) {
    metrics.call({ ...call, method: odd, code: odd, protocol: odd });
  }
  expect(await lineOf(metrics, "openshell_gateway_calls_total")).toEqual([
    'openshell_gateway_calls_total{method="unknown",code="unknown",protocol="unknown"} 3',
  ]);
  expect(await metrics.text()).not.toMatch(/eyJ|forged/);
});

test("a gauge shows what is so at the time of the scrape", async () => {
  const metrics = open();
  let families = 1;
  metrics.show("token_families", () => families);
  families = 7;
  expect(await lineOf(metrics, "openshell_gateway_token_families")).toEqual(["openshell_gateway_token_families 7"]);
});

test("the process and the version are described", async () => {
  const text = await open().text();
  expect(text).toContain('openshell_gateway_build_info{version="1.2.3"} 1');
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});

test("two gateways in one process do not share counts", async () => {
  const [a, b] = [open(), open()];
  a.call(call);
  expect(await lineOf(b, "openshell_gateway_calls_total{")).toEqual([]);
});
