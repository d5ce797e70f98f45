import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { atLeast, createLog, describeFailure, jsonLines, type LevelFilter } from "../../../src/supervisor/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function logged(level: LevelFilter) {
  const lines: string[] = [];
  const log = createLog(new FakeClock(0), [
    atLeast(
      level,
      jsonLines((line) => lines.push(line)),
    ),
  ]);
  return { log, lines };
}

test("a record is one line of JSON that names the part that speaks", () => {
  const { log, lines } = logged("info");
  log.child({ target: "session" }).info({ sessionId: "s\n1" }, "accepted");
  expect(lines).toEqual([
    `{"time":"1970-01-01T00:00:00.000Z","level":"info","target":"session","message":"accepted","sessionId":"s\\n1"}\n`,
  ]);
});

test.each([
  ["trace", 5],
  ["warn", 2],
  ["off", 0],
] as const)("at level %s %i of the five levels are written", (level, count) => {
  const { log, lines } = logged(level);
  for (const each of ["trace", "debug", "info", "warn", "error"] as const) log[each]({}, each);
  expect(lines).toHaveLength(count);
});

test("T7: a secret among the fields is not shown", () => {
  const { log, lines } = logged("trace");
  log.info({ token: new Secret("abc.def.ghi") }, "x");
  expect(lines[0]).toContain(`"token":"[secret]"`);
});

test("a failed call is described by its status", () => {
  expect(describeFailure(new ConnectError("gone", Code.NotFound))).toBe("[not_found] gone");
});
