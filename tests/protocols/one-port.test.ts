import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { GatewayMessageSchema, SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { as, clientOf, grpcJs, transports } from "./support/clients.ts";
import { type Fixture, sandboxId, startFrontDoor } from "./support/fixture.ts";

const heartbeat = { case: "heartbeat", value: {} } as const;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFrontDoor({
    handlers: {
      async *watchSandbox() {
        yield { payload: { case: "warning", value: { message: "one" } } };
        yield { payload: { case: "warning", value: { message: "two" } } };
      },
      async pushSandboxLogs(frames) {
        for await (const _frame of frames);
        return {};
      },
      async *connectSupervisor(frames) {
        for await (const frame of frames) {
          if (frame.payload.case === "heartbeat") yield create(GatewayMessageSchema, { payload: heartbeat });
          else yield create(GatewayMessageSchema, { payload: { case: "sessionAccepted", value: { sessionId: "s" } } });
        }
      },
      getCurrentUser() {
        throw new Refusal("rate-limited", { retryAfterMs: 1500 });
      },
      listSandboxes() {
        throw new Error("secret detail");
      },
    },
  });
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe.each(transports)("%s", (_name, make) => {
  const client = () => clientOf(make(fixture.url));

  test("answers a call that needs no credential", async () => {
    expect(await client().health({})).toMatchObject({ version: "test" });
  });

  test("answers an authenticated call, and knows where it came from", async () => {
    fixture.arrivals.length = 0;
    expect(await client().getSandboxConfig({ sandboxId }, as("sandbox"))).toMatchObject({ version: 7 });
    expect(fixture.arrivals).toEqual([
      {
        listener: "users",
        peer: "127.0.0.1",
        localAddress: "127.0.0.1",
        host: `127.0.0.1:${fixture.address.port}`,
        origin: undefined,
        encrypted: false,
      },
    ]);
  });

  test("streams from the server", async () => {
    const said: unknown[] = [];
    for await (const event of client().watchSandbox({ id: sandboxId }, as("user"))) said.push(event.payload.value);
    expect(said).toMatchObject([{ message: "one" }, { message: "two" }]);
  });

  test("streams from the client", async () => {
    async function* frames() {
      yield { sandboxId };
      yield { sandboxId };
    }
    await expect(client().pushSandboxLogs(frames(), as("sandbox"))).resolves.toBeDefined();
  });

  test("refuses with the code and the text of the refusal, and the reason where it may be told", async () => {
    const refused = await client().getSandboxConfig({ sandboxId }, as("expired")).catch(ConnectError.from);
    expect(refused).toMatchObject({ code: Code.Unauthenticated, rawMessage: "invalid token: ExpiredSignature" });
    expect((refused as ConnectError).findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "TOKEN_EXPIRED", domain: "openshell" },
    ]);
  });

  test("keeps a reason that may not be told", async () => {
    const refused = await client().getSandboxConfig({ sandboxId }, as("unheard-of")).catch(ConnectError.from);
    expect(refused).toMatchObject({ code: Code.Unauthenticated, rawMessage: "invalid token", details: [] });
  });

  test("says how long to wait", async () => {
    const refused = (await client().getCurrentUser({}, as("user")).catch(ConnectError.from)) as ConnectError;
    expect(refused.code).toBe(Code.ResourceExhausted);
    expect(refused.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n, nanos: 500_000_000 } }]);
  });

  test("tells nothing of what went wrong inside", async () => {
    const refused = await client().listSandboxes({}, as("user")).catch(ConnectError.from);
    expect(refused).toMatchObject({ code: Code.Internal, rawMessage: "internal error", details: [] });
  });

  test("reports the call's end to whoever counts calls", async () => {
    fixture.records.length = 0;
    await client().getSandboxConfig({ sandboxId }, as("sandbox"));
    await client()
      .getSandboxConfig({ sandboxId }, as("expired"))
      .catch(() => undefined);
    await expect
      .poll(() => fixture.records)
      .toMatchObject([
        { method: "openshell.v1.OpenShell/GetSandboxConfig", code: "ok", reason: undefined, principalKind: "sandbox" },
        { code: "unauthenticated", reason: "token-expired", principalKind: undefined },
      ]);
  });
});

test("gRPC's own client is served on the same port", async () => {
  const { health, getSandboxConfig } = OpenShell.method;
  expect(await grpcJs(fixture.url, health, {})).toMatchObject({ version: "test" });
  expect(await grpcJs(fixture.url, getSandboxConfig, { sandboxId }, { bearer: "sandbox" })).toMatchObject({
    version: 7,
  });
  await expect(grpcJs(fixture.url, getSandboxConfig, { sandboxId })).rejects.toMatchObject({
    code: 16,
    details: "missing authorization header",
  });
});

test("both directions of a stream go on at once over gRPC", async () => {
  const { port } = fixture.address;
  const client = clientOf(createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
  const answered = Promise.withResolvers<void>();
  async function* frames() {
    yield create(SupervisorMessageSchema, { payload: { case: "hello", value: { sandboxId, instanceId: "i" } } });
    await answered.promise;
    yield create(SupervisorMessageSchema, { payload: heartbeat });
  }
  const cases: unknown[] = [];
  for await (const message of client.connectSupervisor(frames(), as("sandbox"))) {
    cases.push(message.payload.case);
    answered.resolve();
  }
  expect(cases).toEqual(["sessionAccepted", "heartbeat"]);
});

test("curl's way works: JSON, no protocol header", async () => {
  const answer = await fetch(`${fixture.url}/openshell.v1.OpenShell/Health`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(await answer.json()).toEqual({ status: "SERVICE_STATUS_HEALTHY", version: "test" });
});

test("handlers see request metadata, and no credential among it", async () => {
  const seen: (string | undefined)[] = [];
  await using own = await startFrontDoor({
    handlers: {
      getCurrentUser(_request, { metadata }) {
        for (const name of ["x-request-id", "authorization", "cookie", "proxy-authorization"])
          seen.push(metadata.get(name));
        return {};
      },
    },
  });
  for (const [, make] of transports) {
    await clientOf(make(own.url)).getCurrentUser(
      {},
      {
        headers: { authorization: "Bearer user", "x-request-id": "r", cookie: "a=b", "proxy-authorization": "Basic x" },
      },
    );
  }
  expect(seen).toEqual(transports.flatMap(() => ["r", undefined, undefined, undefined]));
});
