import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";
import { changeableRing, newKey, partsOf, ringKey, spell } from "../../support/tokens.ts";

const [first, second] = [newKey(), newKey()];
const ring = changeableRing(ringKey(first));
let gateway: TestGateway;
let sandbox: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway({ keys: ring });
  sandbox = await gateway.createSandbox();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig } = OpenShell.method;
const codes = (token: string) =>
  Promise.all(
    protocols.map(async (protocol) => {
      const call = protocol.call(gateway.url, getSandboxConfig, [{ sandboxId: sandbox.id }], {
        headers: bearer(token),
      });
      return (await call).code;
    }),
  );
const everywhere = (code: string) => protocols.map(() => code);

test("A-27: a key that retires is good for what it signed, and signs nothing more; once retired it is good for nothing", async () => {
  const token = await sandbox.token();
  expect(await codes(token)).toEqual(everywhere("ok"));

  ring.become(ringKey(second), ringKey(first, "retiring"));
  expect(await codes(token)).toEqual(everywhere("ok"));
  const { token: successor } = await gateway.client(token).refreshSandboxToken({});
  expect(partsOf(successor).header).toMatchObject({ kid: second.keyId });

  ring.become(ringKey(second));
  expect(await codes(token)).toEqual(everywhere("unauthenticated"));
  await expect(gateway.client(token).refreshSandboxToken({})).rejects.toThrow("[unauthenticated] invalid token");
  expect(await codes(successor)).toEqual(everywhere("ok"));
});

test("A-27: what a key signs before it is active proves nothing that the store does not know", async () => {
  const third = newKey();
  ring.become(ringKey(second), ringKey(third, "next"));
  const { header, payload } = partsOf(await sandbox.token());
  const early = spell(JSON.stringify({ ...header, kid: third.keyId }), JSON.stringify(payload), third.privateKey);
  expect(await codes(early)).toEqual(everywhere("unauthenticated"));
  ring.become(ringKey(second));
  expect(await codes(early)).toEqual(everywhere("unauthenticated"));
  expect(await codes(await sandbox.token())).toEqual(everywhere("ok"));
});
