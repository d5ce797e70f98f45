import { expect, test } from "vitest";
import { createAudit, createLog, createMetrics } from "../../../src/telemetry/index.ts";

function open(write?: (line: string) => void) {
  const lines: string[] = [];
  const log = createLog({ level: "error", destination: { write: write ?? ((line) => lines.push(line)) } });
  const metrics = createMetrics({ version: "1", methods: [] });
  const records = () => lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { audit: createAudit({ log, metrics }), log, metrics, lines, records };
}

test("an event is one marked line, whatever the log's level", () => {
  const { audit, records } = open();
  audit({
    event: "access.cross-sandbox",
    principal: "sandbox:a",
    requested: "b",
    method: "M",
    reason: "other-sandbox",
  });
  expect(records()).toEqual([
    {
      level: "info",
      time: expect.any(String),
      audit: true,
      event: "access.cross-sandbox",
      principal: "sandbox:a",
      requested: "b",
      method: "M",
      reason: "other-sandbox",
      message: "audit",
    },
  ]);
});

test("nothing else that is logged is marked", () => {
  const { log, lines } = open();
  log.error({ audit: true }, "x");
  expect(lines[0]).not.toContain('"audit":');
});

test("A-78: what a caller asked for is escaped and cut", () => {
  const { audit, records, lines } = open();
  audit({ event: "access.refused", principal: "anonymous", requested: `\r\n\u202e${"x".repeat(10_000)}` });
  expect(lines).toHaveLength(1);
  const requested = String(records()[0]?.["requested"]);
  expect(requested.startsWith("\\u{d}\\u{a}\\u{202e}xxx")).toBe(true);
  expect(requested).toHaveLength(128);
});

test("T7: a token that a caller put where an id belongs is not recorded", () => {
  const { audit, lines } = open();
  const token = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.${"s1g".repeat(20)}`;
  audit({ event: "access.refused", principal: "anonymous", requested: token });
  expect(lines[0]).not.toContain("s1g");
  expect(lines[0]).not.toContain("eyJ");
});

test("events are counted by their kind", async () => {
  const { audit, metrics } = open();
  audit({ event: "token.issued", principal: "gateway" });
  audit({ event: "token.issued", principal: "gateway" });
  expect(await metrics.text()).toContain('openshell_gateway_audit_events_total{event="token.issued"} 2');
});

test("a line that cannot be written is counted and fails nobody", async () => {
  const { audit, metrics } = open(() => {
    throw new Error("the disk is full");
  });
  audit({ event: "token.issued", principal: "gateway" });
  expect(await metrics.text()).toContain("openshell_gateway_audit_failures_total 1");
});
