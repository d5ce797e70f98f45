import { Agent, request } from "node:http";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { pathTo } from "../support/protocols.ts";
import { oddBodies, oddJson, oddNames } from "./corpus/json.ts";
import { fuzz } from "./support/fuzz.ts";
import { bodies, textOf } from "./support/json-body.ts";

/** All that end no sandbox and no token: what is sent shall go on to be somebody's. */
const methods = OpenShell.methods.filter(
  ({ methodKind, name }) => methodKind === "unary" && !/Delete|Stop|Revoke|Refresh/.test(name),
);
/** Those that do something with what they are sent. */
const busy = methods.filter(({ name }) =>
  /^(CreateSandbox|UpdateConfig|GetSandboxConfig|ListSandboxes|ReportPolicyStatus|GetSandboxLogs|ListTokenFamilies)$/.test(
    name,
  ),
);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let gateway: TestGateway;
let token: string;
let strings: readonly string[];
beforeAll(async () => {
  gateway = await startTestGateway({ logLevel: "info" });
  const sandbox = await gateway.createSandbox("alpha");
  token = await sandbox.token();
  strings = [sandbox.id, "alpha", "default", "a", "1", "openshell"];
});
afterAll(async () => {
  agent.destroy();
  await gateway[Symbol.asyncDispose]();
});

interface JsonAnswer {
  readonly status: number;
  readonly body: string;
}

function post(path: string, body: Buffer, bearer: string | undefined): Promise<JsonAnswer> {
  const headers = { "content-type": "application/json", ...(bearer && { authorization: `Bearer ${bearer}` }) };
  return new Promise((resolve, reject) => {
    const call = request(`${gateway.url}${path}`, { agent, method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.on("error", reject).end(body);
  });
}

/** Sends a body to a method and looks whether the answer is in order: good, or an error that names the caller's mistake. */
async function expectOrder(method: (typeof methods)[number], body: Buffer, asSandbox: boolean): Promise<void> {
  const logged = gateway.logged.length;
  const answer = await post(pathTo(method), body, asSandbox ? token : undefined);
  const said = JSON.parse(answer.body) as { readonly code?: string; readonly message?: string };
  if (answer.status !== 200) {
    expect(said.code).toMatch(
      /^(invalid_argument|unauthenticated|permission_denied|not_found|already_exists|failed_precondition|resource_exhausted|unimplemented)$/,
    );
    expect(said.message?.length ?? 0).toBeLessThan(2_000);
  }
  expect(gateway.logged.slice(logged).filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  for (const shared of [Object.prototype, Array.prototype, Function.prototype])
    expect(shared).not.toHaveProperty("polluted");
  expect(Object.keys(Object.prototype)).toEqual([]);
}

fuzz(
  "JSON of any shape, by the message's own fields, is served or is the caller's mistake",
  fc.record({
    method: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...busy) }, fc.constantFrom(...methods)),
    body: bodies,
    asSandbox: fc.boolean(),
  }),
  { runs: 700 },
  ({ method, body, asSandbox }) => expectOrder(method, Buffer.from(textOf(method.input, body, strings)), asSandbox),
);

fuzz(
  "bytes of any kind are served or are the caller's mistake",
  fc.record({
    method: fc.constantFrom(...busy),
    body: fc.oneof(
      fc.constantFrom(...oddBodies).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.nat(20)).map(([byte, at]) => {
        const bytes = Buffer.from('{"name":"alpha","sandboxId":"x"}');
        bytes[at] = byte;
        return bytes;
      }),
    ),
    asSandbox: fc.boolean(),
  }),
  { runs: 150 },
  ({ method, body, asSandbox }) => expectOrder(method, body, asSandbox),
);

test("each odd value at each field of a request for a sandbox is served or is the caller's mistake", async () => {
  const [create] = busy.filter(({ name }) => name === "CreateSandbox");
  if (!create) throw new Error("there is no such method");
  for (const value of oddJson) {
    const inSpec = `{"name":${value},"labels":${value},"spec":{"environment":${value}}}`;
    for (const text of [`{"spec":${value}}`, `{"labels":{"a":${value}}}`, inSpec])
      await expectOrder(create, Buffer.from(text), false);
  }
  for (const name of oddNames) {
    for (const text of [`{${name}:1}`, `{"labels":{${name}:"x"}}`, `{"spec":{"environment":{${name}:"x"}}}`]) {
      await expectOrder(create, Buffer.from(text), false);
    }
  }
});

test("after all of that, the gateway serves as before", async () => {
  const client = createClient(OpenShell, createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }));
  const headers = { authorization: `Bearer ${token}` };
  expect(await client.getSandboxConfig({ sandboxId: strings[0]! }, { headers })).toMatchObject({
    workspace: "default",
  });
});
