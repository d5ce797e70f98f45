import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { grpcJs } from "../protocols/support/clients.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";

const listeners = (["users", "sandboxes", "operations"] as const).map((kind) => ({ kind, host: "127.0.0.1", port: 0 }));
let gateway: TestGateway;
let own: TestSandbox;
let other: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { listeners } });
  [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("other")];
});
afterAll(() => gateway[Symbol.asyncDispose]());

const urlOf = (kind: (typeof listeners)[number]["kind"]) =>
  gateway.gateway.addresses.find((address) => address.kind === kind)?.url ?? "";
const bearer =
  (token: string | undefined): Interceptor =>
  (next) =>
  (request) => {
    if (token !== undefined) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };

/** GetSandboxConfig as other people's libraries make it. */
const libraries = {
  "gRPC by grpc-js": (baseUrl: string, sandboxId: string, token?: string) =>
    grpcJs(baseUrl, OpenShell.method.getSandboxConfig, { sandboxId }, token === undefined ? {} : { bearer: token }),
  "gRPC-Web by a browser's client": (baseUrl: string, sandboxId: string, token?: string) =>
    createClient(OpenShell, createGrpcWebTransport({ baseUrl, interceptors: [bearer(token)] })).getSandboxConfig({
      sandboxId,
    }),
  "Connect by a browser's client": (baseUrl: string, sandboxId: string, token?: string) =>
    createClient(OpenShell, createConnectTransport({ baseUrl, interceptors: [bearer(token)] })).getSandboxConfig({
      sandboxId,
    }),
};

describe.each(Object.entries(libraries))("%s", (_, getConfig) => {
  test.each(["users", "sandboxes"] as const)(
    "a sandbox reads its own configuration and no other, where %s call",
    async (kind) => {
      const token = await own.token();
      expect(await getConfig(urlOf(kind), own.id, token)).toMatchObject({ workspace: "default" });
      await expect(getConfig(urlOf(kind), other.id, token)).rejects.toThrow("cross-sandbox access denied");
      await expect(getConfig(urlOf(kind), crypto.randomUUID(), token)).rejects.toThrow("cross-sandbox access denied");
    },
  );

  test("a caller without a token is the development user where users call, and nobody where sandboxes do", async () => {
    expect(await getConfig(urlOf("users"), own.id)).toMatchObject({ workspace: "default" });
    await expect(getConfig(urlOf("sandboxes"), own.id)).rejects.toThrow("missing authorization header");
  });

  test("nothing of this is served where operations look", async () => {
    await expect(getConfig(urlOf("operations"), own.id, await own.token())).rejects.toThrow();
  });
});

test("metrics are for operations and for the machine's own users, probes for everybody", async () => {
  const status = async (kind: (typeof listeners)[number]["kind"], path: string) =>
    (await fetch(urlOf(kind) + path)).status;
  expect(await Promise.all(listeners.map(({ kind }) => status(kind, "/metrics")))).toEqual([200, 404, 200]);
  expect(await Promise.all(listeners.map(({ kind }) => status(kind, "/healthz")))).toEqual([200, 200, 200]);
  expect(await Promise.all(listeners.map(({ kind }) => status(kind, "/readyz")))).toEqual([200, 200, 200]);
});
