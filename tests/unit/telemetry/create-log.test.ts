import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { createLog, type LogLevel } from "../../../src/telemetry/index.ts";

const token = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.${"s1gnature".repeat(10)}`;

function open({ level = "trace" as LogLevel, pretty = false } = {}) {
  const lines: string[] = [];
  const log = createLog({ level, pretty, destination: { write: (line) => lines.push(line) } });
  return { log, lines, records: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

test("a line holds time, level, the fields and the sentence", () => {
  const { log, lines, records } = open();
  log.info({ sandboxId: "a", count: 3 }, "a sandbox was created");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith("}\n")).toBe(true);
  expect(records()[0]).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    sandboxId: "a",
    count: 3,
    message: "a sandbox was created",
  });
});

test("a level shows itself and what is graver", () => {
  for (const [level, shown] of [
    ["trace", 5],
    ["info", 3],
    ["error", 1],
  ] as const) {
    const { log, lines } = open({ level });
    for (const at of ["trace", "debug", "info", "warn", "error"] as const) log[at]({}, "x");
    expect(lines).toHaveLength(shown);
  }
});

test("a child's fields stand in each of its lines", () => {
  const { log, records } = open();
  log.child({ sandboxId: "a" }).child({ session: 1 }).warn({}, "x");
  expect(records()[0]).toMatchObject({ sandboxId: "a", session: 1 });
});

describe("an error", () => {
  const failing = () => new Error(`refused ${token}`, { cause: new TypeError("inner", { cause: "why" }) });

  test.each(["err", "error", "cause"])("under %j keeps its message, stack and causes", (name) => {
    const { log, records } = open();
    log.error({ [name]: failing() }, "x");
    expect(records()[0]?.[name]).toMatchObject({
      type: "Error",
      message: "refused [token]",
      stack: expect.stringContaining("create-log.test.ts"),
      cause: { type: "TypeError", message: "inner", cause: "why" },
    });
  });

  test("of several shows each of them", () => {
    const { log, records } = open();
    log.error({ err: new AggregateError([failing(), failing()], "both") }, "x");
    expect(records()[0]?.["err"]).toMatchObject({ errors: [{ type: "Error" }, { type: "Error" }] });
  });

  test("that is its own cause ends", () => {
    const { log, lines } = open();
    const error = failing();
    error.cause = error;
    log.error({ error }, "x");
    expect(lines[0]).toContain("[circular]");
  });
});

describe("T7: no byte of a secret is logged", () => {
  const hidden = "hunter2-hunter2";
  const carriers: Record<string, unknown> = {
    secret: new Secret(hidden),
    deep: { list: [new Secret(hidden)], map: new Map([["k", new Secret(hidden)]]), set: new Set([token]) },
    text: `token ${token}`,
    bytes: Buffer.from(token),
    error: new Error(token, { cause: new Error(token) }),
    named: Object.assign(new Error("x"), { headers: { authorization: `Bearer ${token}` } }),
    [token]: 1,
  };

  test.each(["trace", "debug", "info", "warn", "error"] as const)(
    "at level %s, in lines for machines and people",
    (level) => {
      for (const pretty of [false, true]) {
        const { log, lines } = open({ pretty });
        log[level](carriers, `said ${token}`);
        log.child(carriers)[level]({}, "x");
        log.audit[level](carriers, "x");
        expect(lines).toHaveLength(level === "trace" || level === "debug" ? 2 : 3);
        const text = lines.join("");
        expect(text).not.toContain(hidden);
        expect(text).not.toContain("s1gnature");
        expect(text).not.toContain("eyJ");
      }
    },
  );

  test("a token that is cut by the length of its text is not half there", () => {
    const { log, lines } = open();
    for (let room = 0; room < token.length; room += 7) log.info({ text: `${"x".repeat(8_192 - room)} ${token}` }, "x");
    expect(lines.join("")).not.toContain("eyJ");
    expect(lines.join("")).not.toContain("s1gnature");
  });
});

describe("A-78", () => {
  const forged = `a\r\n{"level":"info","audit":true,"event":"token.issued"}\u2028\u001b[2J`;

  test("a value cannot begin a line", () => {
    const { log, lines, records } = open();
    log.info({ sandboxId: forged, [forged]: 1 }, forged);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
    expect(records()[0]?.["sandboxId"]).toBe(forged);
  });

  test("nor in lines for people, where it cannot command a terminal either", () => {
    const { log, lines } = open({ pretty: true });
    log.info({ sandboxId: forged, [forged]: 1 }, forged);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}]/u);
  });

  test("a field cannot take the place of the level, the time or the audit mark", () => {
    const { log, lines, records } = open();
    log.child({ audit: true }).info({ level: "error", time: 0, message: "y" }, "x");
    expect(records()[0]).toMatchObject({ level: "info", message: "x", audit_: true, level_: "error" });
    expect(lines[0]?.match(/"audit":/g)).toBeNull();
  });

  test("what is long, deep or circular is cut", () => {
    const { log, lines } = open();
    const circle: Record<string, unknown> = {};
    circle["again"] = circle;
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`);
    log.info({ circle, deep, long: "x".repeat(1_000_000), many: Array(100_000).fill(1), none: 10n, odd: () => 1 }, "x");
    expect(lines[0]?.length).toBeLessThan(10_000);
  });
});

test("lines for people show a stack below", () => {
  const { log, lines } = open({ pretty: true });
  log.warn({ port: 1, text: "two words", err: new Error("no") }, "it failed");
  const [head, first] = lines[0]!.split("\n");
  expect(head).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3}Z? WARN {2}it failed port=1 text="two words" err=\{"type":"Error","message":"no"\}$/,
  );
  expect(first).toMatch(/^ {4}at /);
});
