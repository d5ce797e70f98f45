import { describe, expect, test } from "vitest";
import type { SandboxLogLine } from "../../../../gen/openshell/v1/logs_pb.ts";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { createLogBuffer, type LogInit, type LogLimits } from "../../../../src/services/logs/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const scope = (id = newSandboxId()) => grantScope({ id, name: "alpha", workspace: "default" });
const all = { lines: 0, sinceMs: 0n, sources: [], minLevel: "" };
const line = (message: string, init: LogInit = {}): LogInit => ({ message, level: "INFO", ...init });
const lines = (count: number) => Array.from({ length: count }, (_, index) => line(`line ${index}`));
const messages = (found: readonly SandboxLogLine[]) => found.map(({ message }) => message);

function opened({ limits, known = () => true }: { limits?: LogLimits; known?: (id: SandboxId) => boolean } = {}) {
  const clock = new FakeClock();
  return { clock, logs: createLogBuffer({ clock, isKnown: known, ...(limits && { limits }) }), a: scope(), b: scope() };
}

describe("what is kept", () => {
  test("each sandbox has its own lines, the newest last", () => {
    const { logs, a, b } = opened();
    logs.append(a.id, "sandbox", [line("one"), line("two")]);
    logs.append(b.id, "sandbox", [line("other")]);
    expect(messages(logs.tail(a, all).lines)).toEqual(["one", "two"]);
    expect(messages(logs.tail(b, all).lines)).toEqual(["other"]);
  });

  test("a line's sandbox and source are what the gateway knows, whatever the line says", () => {
    const { logs, a, b } = opened();
    const forged = { ...line("x"), sandboxId: b.id, source: "gateway" };
    logs.append(a.id, "sandbox", [forged]);
    expect(logs.tail(a, all).lines[0]).toMatchObject({ sandboxId: a.id, source: "sandbox" });
    expect(logs.tail(b, all)).toEqual({ lines: [], total: 0 });
  });

  test.each([
    ["in the future", BigInt(Date.UTC(2030, 0, 1))],
    ["before there was time", -1n],
    ["of none", 0n],
  ])("a timestamp %s becomes the gateway's", (_what, timestampMs) => {
    const { logs, a, clock } = opened();
    logs.append(a.id, "sandbox", [line("x", { timestampMs })]);
    expect(logs.tail(a, all).lines[0]?.timestampMs).toBe(BigInt(clock.now()));
  });

  test("A-78: control characters, escape sequences and reordering marks arrive as text", () => {
    const { logs, a } = opened();
    logs.append(a.id, "sandbox", [
      line("red \u001b[31m\r\nnext\ttab \u202e", { target: "a\nb", level: "in\u0000fo", fields: { "k\n": "v\u009b" } }),
    ]);
    expect(logs.tail(a, all).lines[0]).toMatchObject({
      message: "red \\u{1b}[31m\\u{d}\nnext\ttab \\u{202e}",
      target: "a\\u{a}b",
      level: "IN\\U{0}FO",
      fields: { "k\\u{a}": "v\\u{9b}" },
    });
  });

  test("texts and fields are cut to their bounds, and half a character is none", () => {
    const { logs, a } = opened();
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, "v".repeat(5_000)]));
    logs.append(a.id, "sandbox", [
      line("😀".repeat(9_000), { target: "t".repeat(999), level: "L".repeat(99), fields }),
    ]);
    const [kept] = logs.tail(a, all).lines;
    expect([kept?.message.length, kept?.target.length, kept?.level.length]).toEqual([8_192, 256, 16]);
    expect(kept?.message.isWellFormed()).toBe(true);
    expect(Object.keys(kept?.fields ?? {}).length).toBe(32);
    expect(kept?.fields["k0"]?.length).toBe(1_024);
  });

  test("a field named __proto__ is a field", () => {
    const { logs, a } = opened();
    logs.append(a.id, "sandbox", [line("x", { fields: JSON.parse(`{"__proto__": "y"}`) })]);
    expect(Object.entries(logs.tail(a, all).lines[0]?.fields ?? {})).toEqual([["__proto__", "y"]]);
  });

  test("nothing is kept for a sandbox that is not, or not any more", () => {
    const { logs, a } = opened({ known: () => false });
    logs.append(a.id, "gateway", lines(3));
    expect(logs.stats()).toMatchObject({ sandboxes: 0, lines: 0, bytes: 0, dropped: 3 });
  });
});

describe("bounds", () => {
  const limits: LogLimits = { linesPerSandbox: 10, bytesPerSandbox: 1_000_000, bytes: 10_000_000 };

  test("the oldest lines make room for new ones, and are counted", () => {
    const { logs, a } = opened({ limits });
    logs.append(a.id, "sandbox", lines(25));
    expect(logs.tail(a, all).total).toBe(10);
    expect(messages(logs.tail(a, all).lines)).toEqual(Array.from({ length: 10 }, (_, index) => `line ${index + 15}`));
    expect(logs.stats().dropped).toBe(15);
  });

  test("a sandbox keeps so many bytes and no more", () => {
    const { logs, a } = opened({ limits: { ...limits, bytesPerSandbox: 20_000 } });
    for (let index = 0; index < 100; index += 1) logs.append(a.id, "sandbox", [line("x".repeat(5_000))]);
    expect(logs.stats().bytes).toBeLessThanOrEqual(20_000);
    expect(logs.tail(a, all).total).toBe(3);
  });

  test("all sandboxes together keep so many bytes, and the loudest loses its oldest lines first", () => {
    const { logs, a, b } = opened({ limits: { linesPerSandbox: 2_000, bytesPerSandbox: 1e6, bytes: 60_000 } });
    logs.append(b.id, "sandbox", lines(10));
    for (let index = 0; index < 1_000; index += 1) logs.append(a.id, "sandbox", [line(`loud ${index}`)]);
    expect(logs.stats().bytes).toBeLessThanOrEqual(60_000);
    expect(logs.tail(b, all).total).toBe(10);
    expect(messages(logs.tail(a, { ...all, lines: 1 }).lines)).toEqual(["loud 999"]);
  });

  test("when everything is removed, nothing is left", () => {
    const { logs, a, b } = opened({ limits });
    for (const { id } of [a, b]) logs.append(id, "sandbox", lines(25));
    using _listening = logs.subscribe(a, () => undefined);
    for (const { id } of [a, b]) logs.remove(id);
    expect(logs.stats()).toEqual({ sandboxes: 0, lines: 0, bytes: 0, dropped: 30, listeners: 0 });
  });
});

describe("queries", () => {
  const start = Date.UTC(2026, 0, 1);

  function filled() {
    const { logs, a } = opened();
    const at = (offset: number) => ({ timestampMs: BigInt(start + offset) });
    logs.append(a.id, "sandbox", [
      line("trace", { level: "trace", ...at(1) }),
      line("ocsf", { level: "OCSF", ...at(2) }),
      line("odd", { level: "NOTICE", ...at(3) }),
      line("warn", { level: "WARN", ...at(4) }),
    ]);
    logs.append(a.id, "gateway", [line("error", { level: "ERROR", ...at(5) })]);
    return { logs, a };
  }

  test.each([
    ["everything", {}, ["trace", "ocsf", "odd", "warn", "error"]],
    ["the newest lines", { lines: 2 }, ["warn", "error"]],
    ["lines since a moment", { sinceMs: BigInt(start + 4) }, ["warn", "error"]],
    ["one source", { sources: ["gateway"] }, ["error"]],
    ["a source that does not exist", { sources: ["nobody"] }, []],
    ["a level and above; unknown ones and OCSF count as INFO", { minLevel: "info" }, ["ocsf", "odd", "warn", "error"]],
    ["errors", { minLevel: "ERROR" }, ["error"]],
    ["the newest of those that match", { lines: 1, sources: ["sandbox"] }, ["warn"]],
  ])("find %s", (_what, query, expected) => {
    const { logs, a } = filled();
    const found = logs.tail(a, { ...all, ...query });
    expect([messages(found.lines), found.total]).toEqual([expected, 5]);
  });

  test("a hundred lines are the answer to a query that does not say how many", () => {
    const { logs, a } = opened();
    logs.append(a.id, "sandbox", lines(150));
    expect(logs.tail(a, all)).toMatchObject({ lines: { length: 100 }, total: 150 });
    expect(logs.tail(a, { ...all, lines: 4_000_000_000 }).lines.length).toBe(150);
  });

  test.each([
    ["an unknown level", { minLevel: "LOUD" }, /min_level: expected one of TRACE, DEBUG, INFO/],
    ["too many sources", { sources: Array.from({ length: 9 }, () => "x") }, /sources: expected at most 8, got 9/],
  ])("refuse %s", (_what, query, says) => {
    const { logs, a } = opened();
    expect(() => logs.tail(a, { ...all, ...query })).toThrow(says);
  });
});

describe("listeners", () => {
  test("hear each line of their sandbox from now on, and none after they were disposed", () => {
    const { logs, a, b } = opened();
    const heard: string[] = [];
    logs.append(a.id, "sandbox", [line("before")]);
    const listening = logs.subscribe(a, ({ message }) => heard.push(message));
    logs.append(a.id, "sandbox", [line("one")]);
    logs.append(b.id, "sandbox", [line("other")]);
    logs.append(a.id, "gateway", [line("two")]);
    listening[Symbol.dispose]();
    listening[Symbol.dispose]();
    logs.append(a.id, "sandbox", [line("after")]);
    expect(heard).toEqual(["one", "two"]);
    expect(logs.stats().listeners).toBe(0);
  });

  test("that are one function but two subscriptions end one by one", () => {
    const { logs, a } = opened();
    let heard = 0;
    const count = () => {
      heard += 1;
    };
    const first = logs.subscribe(a, count);
    using _second = logs.subscribe(a, count);
    first[Symbol.dispose]();
    logs.append(a.id, "sandbox", [line("x")]);
    expect(heard).toBe(1);
  });

  test("may end while they listen", () => {
    const { logs, a } = opened();
    const heard: string[] = [];
    const listening = logs.subscribe(a, ({ message }) => {
      heard.push(message);
      listening[Symbol.dispose]();
    });
    logs.append(a.id, "sandbox", lines(3));
    expect(heard).toEqual(["line 0"]);
  });
});
