import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, framed, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let own: TestSandbox;
let other: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("other")];
});
afterAll(() => gateway[Symbol.asyncDispose]());

const connect = protocols.find(({ name }) => name === "Connect")!;
const { getSandboxConfig, pushSandboxLogs } = OpenShell.method;

async function post(body: string) {
  const options = { headers: bearer(await own.token()), body: Buffer.from(body) };
  return connect.call(gateway.sandboxesUrl, getSandboxConfig, [], options);
}
const quoted = (text: string) => JSON.stringify(text);

test.each([
  ["both spellings, the other's first", () => `{"sandboxId":${quoted(other.id)},"sandbox_id":${quoted(own.id)}}`],
  ["both spellings, the own first", () => `{"sandboxId":${quoted(own.id)},"sandbox_id":${quoted(other.id)}}`],
  ["one spelling twice, the other's first", () => `{"sandboxId":${quoted(other.id)},"sandboxId":${quoted(own.id)}}`],
  ["one spelling twice, the own first", () => `{"sandboxId":${quoted(own.id)},"sandboxId":${quoted(other.id)}}`],
  ["one spelling twice, once escaped", () => `{"sandboxId":${quoted(own.id)},"sandbox\\u0049d":${quoted(other.id)}}`],
])("A-55: JSON that names a sandbox twice is refused: %s", async (_, body) => {
  expect(await post(body())).toMatchObject({
    code: "invalid_argument",
    answers: [],
  });
});

test("A-55: the same in a stream's frame is refused, and no line is kept", async () => {
  const line = `{"message":"twice","sandboxId":${quoted(own.id)},"sandbox_id":${quoted(other.id)}}`;
  const body = framed(Buffer.from(`{"sandboxId":${quoted(own.id)},"logs":[${line}]}`));
  const options = { headers: bearer(await own.token()), body };
  expect(await connect.call(gateway.sandboxesUrl, pushSandboxLogs, [], options)).toMatchObject({
    code: "invalid_argument",
    answers: [],
  });
  for (const sandboxId of [own.id, other.id])
    expect(await gateway.client().getSandboxLogs({ sandboxId })).toMatchObject({ logs: [] });
});

test.each([
  ["null", "null"],
  ["a number", "7"],
  ["a list", () => `[${quoted(own.id)}]`],
  ["an object", () => `{"id":${quoted(own.id)}}`],
  ["true", "true"],
  ["an empty text", '""'],
])("A-58: %s for an id is refused", async (_, value) => {
  const text = typeof value === "string" ? value : value();
  expect(await post(`{"sandboxId":${text}}`)).toMatchObject({ code: "invalid_argument", answers: [] });
});

test.each(["", "{}", "null", "[]", '""', "1", "{", '{"sandboxId":', "{}{}", "\u0000"])(
  "A-58: the body %j is refused",
  async (body) => {
    expect(await post(body)).toMatchObject({ code: "invalid_argument", answers: [] });
  },
);

test.each(["__proto__", "constructor", "prototype"])("A-58: a member %s changes nobody's prototype", async (member) => {
  const body = `{${quoted(member)}:{"sandboxId":${quoted(own.id)},"polluted":true}}`;
  expect(await post(body)).toMatchObject({ code: "invalid_argument", answers: [] });
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(({} as Record<string, unknown>)["sandboxId"]).toBeUndefined();
  const beside = `{"sandboxId":${quoted(own.id)},${quoted(member)}:{"polluted":true}}`;
  expect(await post(beside)).toMatchObject({ code: "ok" });
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

const marker = "unknown-field-marker";

test("A-57: unknown JSON members and enum names are ignored and go nowhere", async () => {
  const body = `{"sandboxId":${quoted(own.id)},"noSuchField":${quoted(marker)},"deep":{"sandboxId":${quoted(other.id)}}}`;
  expect(await post(body)).toMatchObject({ code: "ok" });
  expect(gateway.logged.join("")).not.toContain(marker);
});

test("A-57: an unknown enum value is no status", async () => {
  const { reportPolicyStatus } = OpenShell.method;
  for (const status of ['"POLICY_STATUS_MARVELLOUS"', "4711"]) {
    const body = Buffer.from(`{"sandboxId":${quoted(own.id)},"version":1,"status":${status}}`);
    const options = { headers: bearer(await own.token()), body };
    expect(await connect.call(gateway.sandboxesUrl, reportPolicyStatus, [], options)).toMatchObject({
      code: "invalid_argument",
    });
  }
});
