import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type * as StoreFolder from "../../../src/store/index.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";

/** The gateway's own store, to be closed under it. */
const opened: StoreFolder.Store[] = [];
vi.mock("../../../src/store/index.ts", async (original) => {
  const folder = await original<typeof StoreFolder>();
  const openStore: typeof folder.openStore = async (options) => {
    const store = await folder.openStore(options);
    opened.push(store);
    return store;
  };
  return { ...folder, openStore };
});

let gateway: TestGateway;
let known: TestSandbox;
let fresh: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  [known, fresh] = [await gateway.createSandbox("known"), await gateway.createSandbox("fresh")];
  await gateway.client(await known.token()).getSandboxConfig({ sandboxId: known.id });
  for (const store of opened) await store[Symbol.asyncDispose]();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig, refreshSandboxToken, createSandbox } = OpenShell.method;

test.each(protocols)(
  "A-49: a token that nobody presented before is not believed without the store, over $name",
  async (protocol) => {
    const headers = bearer(await fresh.token());
    const answer = await protocol.call(gateway.url, getSandboxConfig, [{ sandboxId: fresh.id }], { headers });
    expect(answer).toMatchObject({
      code: "unavailable",
      message: "revocation state is not known, try again",
      answers: [],
    });
  },
);

test.each(protocols)("A-49: no refresh is answered without the store, over $name", async (protocol) => {
  const headers = bearer(await known.token());
  const answer = await protocol.call(gateway.url, refreshSandboxToken, [{}], { headers });
  expect(answer).toMatchObject({ code: "unavailable", answers: [] });
});

test.each(protocols)("A-49: what memory knows for sure is served without the store, over $name", async (protocol) => {
  const headers = bearer(await known.token());
  const answer = await protocol.call(gateway.url, getSandboxConfig, [{ sandboxId: known.id }], { headers });
  expect(answer).toMatchObject({ code: "ok" });
});

test.each(protocols)("A-49: nothing is made that the store cannot keep, over $name", async (protocol) => {
  expect(await protocol.call(gateway.url, createSandbox, [{}])).toMatchObject({ code: "unavailable", answers: [] });
});

test("A-49: probes are told that the gateway is not ready", async () => {
  const answer = await fetch(`${gateway.url}/readyz`);
  expect(answer.status).toBe(503);
});
