import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { exchange2, type HeaderLines } from "../../support/http-exchange.ts";
import { pathTo, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let sandbox: TestSandbox;
let good: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  sandbox = await gateway.createSandbox();
  good = `Bearer ${await sandbox.token()}`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig } = OpenShell.method;
const pairs: readonly (readonly [string, (good: string) => readonly string[]])[] = [
  ["a good one and a bad one", (good) => [good, "Bearer bad"]],
  ["a bad one and a good one", (good) => ["Bearer bad", good]],
  ["the same good one twice", (good) => [good, good]],
  ["a good one and an empty one", (good) => [good, ""]],
  ["another scheme and a good one", (good) => ["Basic eDp5", good]],
  ["three", (good) => ["Bearer a", good, "Bearer b"]],
];
const refused = { code: "unauthenticated", message: "invalid token" };

/** One request over a bare socket, as it stands here; what comes back until the connection ends. */
function raw1(lines: readonly string[], body: string): Promise<string> {
  const { port, host } = new URL(gateway.sandboxesUrl);
  const head = [
    `POST ${pathTo(getSandboxConfig)} HTTP/1.1`,
    ...[`host: ${host}`, "content-type: application/json", `content-length: ${body.length}`, "connection: close"],
    ...lines,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(`${head.join("\r\n")}\r\n\r\n${body}`));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
  });
}

test.each(pairs)("A-29: %s are refused over HTTP/1.1", async (_, credentials) => {
  const lines = credentials(good).map((value, index) => `${index % 2 ? "authorization" : "Authorization"}: ${value}`);
  const answer = await raw1(lines, JSON.stringify({ sandboxId: sandbox.id }));
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toEqual(refused);
});

test("one credential over the same bare socket is served", async () => {
  const answer = await raw1([`authorization: ${good}`], JSON.stringify({ sandboxId: sandbox.id }));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test.each(pairs)("A-29: %s are refused on every protocol", async (_, credentials) => {
  const headers: HeaderLines = credentials(good).map((value) => ["authorization", value]);
  for (const protocol of protocols) {
    const request = [{ sandboxId: sandbox.id }];
    const { code, message } = await protocol.call(gateway.sandboxesUrl, getSandboxConfig, request, { headers });
    expect({ code, message }, protocol.name).toEqual(refused);
  }
});

test("A-29: two credentials are refused over HTTP/2 where the caller speaks JSON", async () => {
  const headers: HeaderLines = [
    ["content-type", "application/json"],
    ["authorization", good],
    ["authorization", "Bearer bad"],
  ];
  const body = Buffer.from(JSON.stringify({ sandboxId: sandbox.id }));
  const answer = await exchange2(gateway.sandboxesUrl, { path: pathTo(getSandboxConfig), headers, body });
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.body.toString())).toEqual(refused);
});
