import { type DescMethod, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inferenceAuthorization } from "../../../gen/openshell/inference/v1/inference_authz.ts";
import { Inference } from "../../../gen/openshell/inference/v1/inference_pb.ts";
import { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { AuthorizationRow } from "../../../src/access/index.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import type { HeaderLines } from "../../support/http-exchange.ts";
import { merged, type Names, namedJson, namedRequest } from "../../support/named-request.ts";
import { bearer, grpc, type Protocol, protocols } from "../../support/protocols.ts";
import { textFields } from "./text-fields.ts";

const table: Readonly<Record<string, AuthorizationRow>> = { ...openShellAuthorization, ...inferenceAuthorization };
const all: DescMethod[] = [...OpenShell.methods, ...Inference.methods];
const rowOf = ({ localName }: DescMethod): AuthorizationRow => table[localName]!;
const callable = all.filter((method) => ["sandbox", "dual"].includes(rowOf(method).mode));
const naming = callable.filter((method) => rowOf(method).sandbox?.from === "request");

let gateway: TestGateway;
let own: TestSandbox;
let other: TestSandbox;
/** Looks like a sandbox, and is none. */
const missing: Names = { id: crypto.randomUUID(), name: "missing-4711" };

beforeAll(async () => {
  gateway = await startTestGateway({
    logLevel: "info",
    settings: { tokens: { refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 } },
  });
  [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("another-4711")];
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A good request of the sandbox about itself, but for what `more` holds. */
const contents: Readonly<Record<string, JsonObject>> = {
  UpdateConfig: { policy: { version: 1 } },
  ReportPolicyStatus: { version: 1, status: "POLICY_STATUS_LOADED" },
  ConnectSupervisor: { hello: { instanceId: "x" } },
};

async function call(protocol: Protocol, method: DescMethod, request: object, headers: HeaderLines = []) {
  const credential = bearer(await own.token());
  return protocol.call(gateway.sandboxesUrl, method, [request as never], { headers: [...credential, ...headers] });
}

const refused = {
  code: "permission_denied",
  message: "cross-sandbox access denied: principal does not own this sandbox",
  answers: [],
};

describe.each(protocols)("over $name", (protocol) => {
  test.each(naming.map((method) => [method.name, method] as const))(
    "A-50: %s about another sandbox and about none are refused alike",
    async (_, method) => {
      const about = (names: Names) =>
        call(protocol, method, namedRequest(method.input, rowOf(method), contents[method.name] ?? {}, names));
      const before = gateway.audited().length;
      const answer = await about(other);
      expect(answer).toMatchObject(refused);
      expect(await about(missing)).toEqual(answer);
      const lines = gateway.audited().slice(before);
      const requested = rowOf(method).sandbox;
      const key = requested?.from === "request" ? requested.by : "id";
      expect(lines).toMatchObject(
        [other, missing].map((names) => ({
          event: "access.cross-sandbox",
          principal: `sandbox:${own.id}`,
          sandboxId: own.id,
          requested: expect.stringContaining(names[key]),
        })),
      );
    },
  );

  test.each(
    naming
      .filter((method) => (rowOf(method).sandbox as { also: readonly unknown[] }).also.length > 0)
      .map((method) => [method.name, method] as const),
  )("A-50: %s about the own sandbox, and inside about another and about none, are refused alike", async (_, method) => {
    const about = (inside: Names) =>
      call(protocol, method, namedRequest(method.input, rowOf(method), contents[method.name] ?? {}, own, inside));
    const answer = await about(other);
    expect(answer).toMatchObject(refused);
    expect(await about(missing)).toEqual(answer);
  });
});

/** What an answer says, with nothing in it that differs from call to call. */
const said = ({ code, message, envelope }: Awaited<ReturnType<typeof call>>) =>
  code === "ok" ? { code } : { code, message, envelope };

/** An answer may repeat what its own caller sent: one is as good as the other then. */
const withoutNames = (value: unknown, { id, name }: Names) =>
  JSON.parse(JSON.stringify(value).replaceAll(id, "ID").replaceAll(encodeURIComponent(name), "NAME"));

/** A good request with one more field, which takes the place of whatever it shares a oneof with. */
function withPlace({ input }: DescMethod, good: JsonObject, place: JsonObject): JsonObject {
  const placed = input.fields.find(({ jsonName }) => jsonName in place);
  const rivals = placed?.oneof?.fields.filter((field) => field !== placed).map(({ jsonName }) => jsonName) ?? [];
  return merged(Object.fromEntries(Object.entries(good).filter(([name]) => !rivals.includes(name))), place);
}

test.each(callable.filter(({ input }) => textFields(input).length > 0).map((method) => [method.name, method] as const))(
  "A-50: another sandbox in any field of %s is answered as none is",
  async (_, method) => {
    const good = namedJson(method.input, rowOf(method), contents[method.name] ?? {}, own);
    for (const place of textFields(method.input)) {
      for (const key of ["id", "name"] as const) {
        const about = async (names: Names) => {
          const request = fromJson(method.input, withPlace(method, good, place.holding(names[key])));
          return withoutNames(said(await call(grpc, method, request)), names);
        };
        expect(await about({ id: other.id, name: other.name }), `${place.spelled} ${key}`).toEqual(
          await about(missing),
        );
      }
    }
  },
);

test.each(callable.map((method) => [method.name, method] as const))(
  "A-50: another sandbox in metadata of %s is as good as nothing there",
  async (_, method) => {
    const request = namedRequest(method.input, rowOf(method), contents[method.name] ?? {}, own);
    const plain = said(await call(grpc, method, request));
    for (const header of ["x-sandbox-id", "sandbox-id", "sandboxid", "openshell-sandbox", "x-openshell-sandbox-id"]) {
      for (const value of [other.id, other.name]) {
        expect(said(await call(grpc, method, request, [[header, value]])), header).toEqual(plain);
      }
    }
  },
);

test("A-50: after all of that nothing of the other sandbox has changed", async () => {
  const user = gateway.client();
  const sandboxId = other.id;
  const token = await other.token();
  expect(await user.getSandboxConfig({ sandboxId })).toMatchObject({ version: 0, policyHash: "" });
  expect(await user.getSandboxLogs({ sandboxId })).toMatchObject({ logs: [], bufferTotal: 0 });
  expect(await user.getSandbox({ name: other.name })).toMatchObject({
    sandbox: { status: { phase: 1, currentPolicyVersion: 0, mainProcessInstanceId: "" } },
  });
  await gateway.client(token).getSandboxConfig({ sandboxId });
});
