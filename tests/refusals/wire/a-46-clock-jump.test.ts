import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";
import { partsOf } from "../../support/tokens.ts";

const clock = new FakeClock();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const hourMs = 3_600_000;
/** As the gateway has it where nothing is configured. */
const leewayMs = 5_000;
const expiry = (token: string) => Number(partsOf(token).payload["exp"]) * 1_000;

async function answersFor(token: string, sandboxId: string): Promise<{ code: string; message: string }[]> {
  const headers = bearer(token);
  const { getSandboxConfig } = OpenShell.method;
  const calls = protocols.map((protocol) => protocol.call(gateway.url, getSandboxConfig, [{ sandboxId }], { headers }));
  return (await Promise.all(calls)).map(({ code, message }) => ({ code, message }));
}
const everywhere = (code: string, message = "") => protocols.map(() => ({ code, message }));
const expired = everywhere("unauthenticated", "invalid token: ExpiredSignature");

test("A-19: a token is good until its expiry and the leeway behind it, and not a millisecond longer", async () => {
  const { id, token } = await gateway.createSandbox();
  const text = await token();
  const end = expiry(text) + leewayMs;
  clock.jump(end - 1 - clock.now());
  expect(await answersFor(text, id)).toEqual(everywhere("ok"));
  clock.jump(1);
  expect(await answersFor(text, id)).toEqual(expired);
  await expect(gateway.client(text).refreshSandboxToken({})).rejects.toThrow("ExpiredSignature");
});

test("A-46: a clock that jumps an hour ahead ends tokens, and makes none that has ended", async () => {
  const { id, token } = await gateway.createSandbox();
  const before = await token();
  clock.jump(hourMs + leewayMs + 1_000);
  expect(await answersFor(before, id)).toEqual(expired);
  const young = await gateway.createSandbox();
  expect(expiry(await young.token())).toBeGreaterThan(clock.now());
  expect(await answersFor(await young.token(), young.id)).toEqual(everywhere("ok"));
});

test("A-46: a clock that is set back an hour leaves no token good that is not yet valid", async () => {
  const { id, token } = await gateway.createSandbox();
  const text = await token();
  expect(await answersFor(text, id)).toEqual(everywhere("ok"));
  clock.jump(-hourMs);
  expect(await answersFor(text, id)).toEqual(everywhere("unauthenticated", "invalid token"));
  const young = await gateway.createSandbox();
  expect(expiry(await young.token())).toBe(Math.floor(clock.now() / 1_000) * 1_000 + hourMs);
  expect(await answersFor(await young.token(), young.id)).toEqual(everywhere("ok"));
  clock.jump(hourMs);
  expect(await answersFor(text, id)).toEqual(everywhere("ok"));
});

test("A-46: a machine that slept for a night gives each sandbox a token again", async () => {
  const { id, token } = await gateway.createSandbox();
  const before = await token();
  clock.jump(8 * hourMs);
  expect(await answersFor(before, id)).toEqual(expired);
  await clock.advance(15_000);
  await expect.poll(token).not.toBe(before);
  expect(await answersFor(await token(), id)).toEqual(everywhere("ok"));
});
