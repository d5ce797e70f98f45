import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { exchange1 } from "../../support/http-exchange.ts";
import { bearer, type CallOptions, pathTo, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let sandbox: TestSandbox;
let token: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  sandbox = await gateway.createSandbox();
  token = await sandbox.token();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig } = OpenShell.method;

async function expectAnswer(options: CallOptions, expected: { code: string; message: string }) {
  for (const protocol of protocols) {
    const request = [{ sandboxId: sandbox.id }];
    const { code, message } = await protocol.call(gateway.sandboxesUrl, getSandboxConfig, request, options);
    expect({ code, message }, protocol.name).toEqual(expected);
  }
}
const authorization = (value: string): CallOptions => ({ headers: [["authorization", value]] });
const bad = { code: "unauthenticated", message: "invalid token" };
const missing = { code: "unauthenticated", message: "missing authorization header" };

test.each(["Bearer", "bearer", "BEARER", "bEaReR"])("the scheme %s presents a token, whatever its case", (scheme) =>
  expectAnswer(authorization(`${scheme} ${token}`), { code: "ok", message: "" }),
);

test.each([
  ["two spaces", (good: string) => `Bearer  ${good}`],
  ["a tab", (good: string) => `Bearer\t${good}`],
  ["no space", (good: string) => `Bearer${good}`],
  ["no scheme", (good: string) => good],
  ["no token", () => "Bearer"],
  ["nothing at all", () => ""],
  ["Basic", (good: string) => `Basic ${Buffer.from(`sandbox:${good}`).toString("base64")}`],
  ["the scheme Token", (good: string) => `Token ${good}`],
  ["DPoP", (good: string) => `DPoP ${good}`],
  ["two schemes", (good: string) => `Bearer Bearer ${good}`],
  ["quotes", (good: string) => `Bearer "${good}"`],
  ["a comma behind", (good: string) => `Bearer ${good},`],
  ["two that a comma joins", (good: string) => `Bearer ${good}, Bearer ${good}`],
  ["two that a comma joins closely", (good: string) => `Bearer ${good},Bearer bad`],
  ["parameters behind", (good: string) => `Bearer ${good} realm=x`],
])("A-28: a good token behind %s is refused", (_, spelled) => expectAnswer(authorization(spelled(token)), bad));

test.each([
  ["the query", (good: string): CallOptions => ({ query: `?access_token=${good}&authorization=Bearer%20${good}` })],
  [
    "a cookie",
    (good: string): CallOptions => ({ headers: [["cookie", `authorization=Bearer ${good}; token=${good}`]] }),
  ],
  [
    "binary metadata",
    (good: string): CallOptions => ({
      headers: [["authorization-bin", Buffer.from(`Bearer ${good}`).toString("base64")]],
    }),
  ],
  ["the header for proxies", (good: string): CallOptions => ({ headers: [["proxy-authorization", `Bearer ${good}`]] })],
  ["a header of its own", (good: string): CallOptions => ({ headers: [["x-authorization", `Bearer ${good}`]] })],
])("A-28: a good token in %s is none", (_, options) => expectAnswer(options(token), missing));

test.each([4_097, 12_000])("A-25: a bearer of %i characters is refused, however it begins", (length) =>
  expectAnswer(authorization(`Bearer ${token.padEnd(length, "A")}`), bad),
);

test.each([20_000, 10_000_000])("A-25: a bearer of %i bytes never gets to be read", async (length) => {
  const headers = [["content-type", "application/json"], ...bearer("A".repeat(length))] as const;
  const answer = exchange1(gateway.sandboxesUrl, { path: pathTo(getSandboxConfig), headers, body: Buffer.from("{}") });
  // A connection that is closed while the rest is still coming may take the answer with it.
  const status = await answer.then(({ status }) => status).catch((error: NodeJS.ErrnoException) => error.code);
  expect(["ECONNRESET", "EPIPE", 431]).toContain(status);
  await expectAnswer(authorization(`Bearer ${token}`), { code: "ok", message: "" });
});
