import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FakeClock } from "../../support/fake-clock.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { partsOf } from "../../support/tokens.ts";

const hourMs = 3_600_000;
const events = (audited: Record<string, string>[], event: string) => audited.filter((line) => line["event"] === event);

test("A-39: 1,000 refreshes of one token at once come to one successor", async () => {
  await using gateway = await startTestGateway({ logLevel: "info" });
  const sandbox = await gateway.createSandbox();
  const first = await sandbox.token();
  const client = gateway.client(first);
  const answers = await Promise.allSettled(Array.from({ length: 1_000 }, () => client.refreshSandboxToken({})));
  const successors = new Set(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.token] : [])));
  const refused = answers.flatMap((answer) =>
    answer.status === "rejected" ? [ConnectError.from(answer.reason).code] : [],
  );
  expect(new Set(refused)).toEqual(new Set(refused.length > 0 ? [Code.ResourceExhausted] : []));
  expect(successors.size).toBe(1);
  const [successor = ""] = successors;
  expect(successor).not.toBe(first);
  expect(await sandbox.token()).toBe(successor);
  expect(partsOf(successor).payload["jti"]).toMatch(/\.1$/);
  expect(events(gateway.audited(), "token.refreshed")).toHaveLength(1);
  expect(events(gateway.audited(), "token.reused")).toEqual([]);
  await gateway.client(successor).getSandboxConfig({ sandboxId: sandbox.id });
});

test("A-39: whoever lost the answer gets the same successor, within the grace though it was presented", async () => {
  const clock = new FakeClock();
  await using gateway = await startTestGateway({ clock });
  const sandbox = await gateway.createSandbox();
  const refresh = async (token: string) => (await gateway.client(token).refreshSandboxToken({})).token;
  const first = await sandbox.token();
  const second = await refresh(first);
  await gateway.client(second).getSandboxConfig({ sandboxId: sandbox.id });
  await clock.advance(9_999);
  expect(await refresh(first)).toBe(second);
  expect(events(gateway.audited(), "token.replayed")).toHaveLength(1);
});

test("A-39: whoever lost the answer gets the same successor long after the grace where nobody presented it", async () => {
  const clock = new FakeClock();
  await using gateway = await startTestGateway({ clock });
  const sandbox = await gateway.createSandbox();
  const first = await sandbox.token();
  const { token: second } = await gateway.client(first).refreshSandboxToken({});
  clock.jump(hourMs - 1_000);
  expect(await gateway.client(first).refreshSandboxToken({})).toMatchObject({ token: second });
});
