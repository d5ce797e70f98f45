import { expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config } from "../protocols/support/http2-client.ts";
import { post, raw, statusOf } from "../protocols/support/raw-http1.ts";

const other = "00000000-0000-4000-8000-000000000000";

test.each([
  ["A-55 both spellings of a member", `{"sandboxId":"${sandboxId}","sandbox_id":"${other}"}`],
  ["A-55 a member twice", `{"sandboxId":"${sandboxId}","sandboxId":"${other}"}`],
  ["A-58 null", `{"sandboxId":null}`],
  ["A-58 a number", `{"sandboxId":7}`],
  ["A-58 a list", `{"sandboxId":["${sandboxId}"]}`],
  ["A-58 an object", `{"sandboxId":{"a":1}}`],
  ["A-58 no member", "{}"],
  ["A-58 an empty body", ""],
  ["A-58 a list as message", "[]"],
  ["A-58 a text as message", `"${sandboxId}"`],
  ["A-58 __proto__", `{"__proto__":{"sandboxId":"${sandboxId}","polluted":true}}`],
  ["A-58 constructor", `{"constructor":{"prototype":{"polluted":true}}}`],
  ["A-59 text that is no JSON", "{sandboxId}"],
  ["A-59 JSON without end", `{"sandboxId":"`],
  ["A-59 ten thousand lists", "[".repeat(10_000)],
  ["A-59 ten thousand objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
])("%s is an invalid argument", async (_what, body) => {
  await using fixture = await startFrontDoor();
  const started = performance.now();
  const answer = await raw(fixture, post(config, body, "authorization: Bearer sandbox"));
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain(`"code":"invalid_argument"`);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("A-57: members that are not known are ignored", async () => {
  await using fixture = await startFrontDoor();
  const body = `{"sandboxId":"${sandboxId}","future":{"x":[1]}}`;
  const answer = await raw(fixture, post(config, body, "authorization: Bearer sandbox"));
  expect(statusOf(answer)).toBe(200);
  expect(fixture.lines.join()).not.toContain("future");
});

test("A-59 bad UTF-8 is an invalid argument", async () => {
  await using fixture = await startFrontDoor();
  const headers = { "content-type": "application/json", authorization: "Bearer sandbox" };
  const body = new Uint8Array(Buffer.from(`{"sandboxId":"\xff\xfe"}`, "latin1"));
  const answer = await fetch(`${fixture.url}${config}`, { method: "POST", headers, body });
  expect(answer.status).toBe(400);
});
