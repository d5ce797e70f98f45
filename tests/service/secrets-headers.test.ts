import type { DescMethod } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { exchange1, exchange2 } from "../support/http-exchange.ts";
import { pathTo, protocols } from "../support/protocols.ts";

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  token = await (await gateway.createSandbox()).token();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { listSandboxes, watchSandbox } = OpenShell.method;
const path = pathTo(listSandboxes);
/** A failure must not print what it is about. */
const tells = (text: string) => text.includes(token.slice(-40));

test.each([
  ...["grpc-timeout", "connect-timeout-ms", "grpc-encoding", "content-encoding", "connect-content-encoding"],
  ...["grpc-accept-encoding", "accept-encoding", "connect-protocol-version", "te", "expect", "range", "origin"],
])("T7: a token in the header %s is repeated in no answer and no line of the log", async (header) => {
  for (const protocol of protocols) {
    const headers = [[header, token]] as const;
    for (const method of [listSandboxes, watchSandbox] as DescMethod[]) {
      const call = protocol.call(gateway.url, method, [{}], { headers });
      const said = await call.then(({ message, envelope }) => `${message} ${JSON.stringify(envelope)}`, String);
      expect(tells(said), `${method.name} over ${protocol.name}`).toBe(false);
    }
  }
  expect(tells(gateway.logged.join("")), "the log").toBe(false);
});

test.each([
  ["a content type", (text: string) => ["content-type", `application/${text}`] as const],
  ["a content type of gRPC", (text: string) => ["content-type", `application/grpc+${text}`] as const],
  ["a content type's parameter", (text: string) => ["content-type", `application/json; charset=${text}`] as const],
  ["a host", (text: string) => ["host", text.slice(-200)] as const],
])("T7: a token within %s is repeated in no answer", async (_, line) => {
  for (const exchange of [exchange1, exchange2]) {
    const headers = [["content-type", "application/json"] as const, line(token)].filter(
      ([name], index, all) => all.findLastIndex((other) => other[0] === name) === index,
    );
    const answer = exchange(gateway.url, { path, headers, body: Buffer.from("{}") });
    expect(tells(await answer.then(({ headers, body }) => `${JSON.stringify(headers)} ${body}`, String))).toBe(false);
  }
});
