import { expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import type { Secret } from "../../src/core/secret.ts";
import { type Gateway, refusedFor, startTokens } from "../support/tokens.ts";

/** Refreshes one token one after the other, as a caller does that never uses what it gets; the reasons of refusals. */
async function replay(gateway: Gateway, token: Secret, times: number): Promise<(string | undefined)[]> {
  const outcomes: (string | undefined)[] = [];
  for (let time = 0; time < times; time += 1) {
    outcomes.push(
      await gateway.refresh(token).then(
        () => undefined,
        ({ reason }) => reason,
      ),
    );
  }
  return outcomes;
}

test("A-45: a family that refreshes on and on is refused, and told when to try again", async () => {
  await using gateway = await startTokens();
  let { token } = await gateway.issued();
  for (let time = 0; time < 10; time += 1) ({ token } = await gateway.refresh(token));
  await expect(gateway.refresh(token)).rejects.toMatchObject({
    reason: "rate-limited",
    code: "resource_exhausted",
    retryAfterMs: 6_000,
  });
  await gateway.clock.advance(6_000);
  expect(await gateway.present((await gateway.refresh(token)).token)).toMatchObject({ ok: true });
});

test("A-45: to be refused loses nothing: the token is good for calls and for its refresh later", async () => {
  await using gateway = await startTokens({ refreshBurst: 1 });
  const first = await gateway.issued();
  const { token } = await gateway.refresh(first.token);
  await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "rate-limited" });
  expect(await gateway.present(token)).toMatchObject({ ok: true });
  await gateway.clock.advance(60_000);
  await gateway.refresh(token);
});

test("A-45: replays of one predecessor give one successor, and beyond the limit nothing but that they are too many", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const outcomes = await replay(gateway, token, 1_000);
  expect(outcomes.slice(0, 10)).toEqual(Array.from({ length: 10 }));
  expect(new Set(outcomes.slice(10))).toEqual(new Set(["rate-limited"]));
  expect(gateway.store.calls.rotate).toBe(1);
});

test("A-45: a thousand at once share one answer, and count as one", async () => {
  await using gateway = await startTokens({ refreshBurst: 2, refreshPerMinute: 1 });
  const { token } = await gateway.issued();
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => gateway.refresh(token)));
  expect(new Set(answers.map((issued) => issued.token.reveal())).size).toBe(1);
  expect(await replay(gateway, token, 2)).toEqual([undefined, "rate-limited"]);
});

test("A-45: a sandbox that storms slows no other", async () => {
  await using gateway = await startTokens();
  const noisy = await gateway.issued();
  const others = await Promise.all(Array.from({ length: 50 }, () => gateway.issued()));
  await replay(gateway, noisy.token, 200);
  for (const { token } of others)
    expect(await gateway.present((await gateway.refresh(token)).token)).toMatchObject({ ok: true });
});

test("A-45: a storm does not hide a theft: a token that was replaced twice still ends its family", async () => {
  await using gateway = await startTokens();
  const stolen = await gateway.issued();
  let { token } = await gateway.refresh(stolen.token);
  for (let time = 0; time < 9; time += 1) ({ token } = await gateway.refresh(token));
  await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "rate-limited" });
  await expect(gateway.refresh(stolen.token)).rejects.toMatchObject({ reason: "token-reused" });
  expect(await gateway.present(token)).toEqual(refusedFor("token-revoked"));
});

test("A-45: a storm is audited once, and without a token", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  await replay(gateway, token, 500);
  const refusals = gateway.audited.filter(({ event }) => event === "token.refused");
  expect(refusals).toEqual([
    expect.objectContaining({ principal: `sandbox:${sandboxId}`, sandboxId, reason: "rate-limited" }),
  ]);
  expect(JSON.stringify(refusals)).not.toContain(token.reveal().split(".")[2]);
});

test.each(["bootstrapped", "renewed"] as const)(
  "A-45: a sandbox is %s five times at once and then once a second; another as if it were alone",
  async (cause) => {
    await using gateway = await startTokens();
    const [noisy, quiet] = [newSandboxId(), newSandboxId()];
    for (let time = 0; time < 5; time += 1) await gateway.tokens.issue(noisy, cause);
    await expect(gateway.tokens.issue(noisy, cause)).rejects.toMatchObject({
      reason: "rate-limited",
      retryAfterMs: 1_000,
    });
    expect(gateway.audited.at(-1)).toMatchObject({ event: "token.refused", sandboxId: noisy, reason: "rate-limited" });
    await gateway.tokens.issue(quiet, cause);
    await gateway.clock.advance(1_000);
    await gateway.tokens.issue(noisy, cause);
    await expect(gateway.tokens.issue(noisy, cause)).rejects.toMatchObject({ reason: "rate-limited" });
  },
);

test("A-45: an issue that is refused leaves the family that is there alone", async () => {
  await using gateway = await startTokens();
  const { sandboxId } = await gateway.issued();
  const issued = [];
  for (let time = 0; time < 5; time += 1) issued.push(await gateway.tokens.issue(sandboxId, "renewed"));
  await expect(gateway.tokens.issue(sandboxId, "renewed")).rejects.toMatchObject({ reason: "rate-limited" });
  expect(await gateway.present(issued.at(-1)!.token)).toMatchObject({ ok: true });
});

test("A-45: what people ask for is not limited: a sandbox starts as often as somebody starts it", async () => {
  await using gateway = await startTokens();
  const sandboxId = newSandboxId();
  for (let time = 0; time < 20; time += 1) await gateway.tokens.issue(sandboxId, "started");
});

test("A-45: an honest supervisor never meets the limit, however short its tokens live", async () => {
  await using gateway = await startTokens({ ttlSeconds: 60 });
  let { token } = await gateway.issued();
  for (let minute = 0; minute < 200; minute += 1) {
    await gateway.clock.advance(48_000);
    await gateway.refresh(token);
    ({ token } = await gateway.refresh(token));
  }
});

test.each([
  ["refreshPerMinute", 0],
  ["refreshPerMinute", 1_000_001],
  ["refreshBurst", 0],
  ["refreshBurst", 1.5],
] as const)("A-45: %s %d is refused at start", async (option, value) => {
  await expect(startTokens({ [option]: value })).rejects.toThrow(RangeError);
});
