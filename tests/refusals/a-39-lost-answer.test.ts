import { expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import { MemoryFamilyStore } from "../support/memory-family-store.ts";
import { admitted, newKey, refusedFor, startReplicas, startTokens } from "../support/tokens.ts";

test("A-39: whoever lost the answer gets the same successor, to the byte, and its file too", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const first = await gateway.refresh(token);
  const again = await gateway.refresh(token);
  expect(again.token.reveal()).toBe(first.token.reveal());
  expect(again.expiresAt).toBe(first.expiresAt);
  expect(gateway.delivered.get(sandboxId)?.map((secret) => secret.reveal())).toEqual(
    [first, again].map((issued) => issued.token.reveal()),
  );
  expect(gateway.audited.map(({ event }) => event)).toEqual(["token.issued", "token.refreshed", "token.replayed"]);
});

test("A-39: while nobody has presented the successor, it is the answer for as long as the token lives", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const first = await gateway.refresh(token);
  await gateway.clock.advance(3_500_000);
  expect(await gateway.present(token)).toEqual(refusedFor("token-superseded"));
  expect((await gateway.refresh(token)).token.reveal()).toBe(first.token.reveal());
});

test("A-39: within the grace the successor is the answer though it was presented", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const first = await gateway.refresh(token);
  await gateway.present(first.token);
  await gateway.clock.advance(9_999);
  expect((await gateway.refresh(token)).token.reveal()).toBe(first.token.reveal());
});

test("A-39: a thousand refreshes at once give one successor", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => gateway.refresh(token)));
  expect(new Set(answers.map((issued) => issued.token.reveal())).size).toBe(1);
  expect(await gateway.store.find(answers[0]!.familyId)).toMatchObject({ generation: 1 });
  expect(gateway.store.calls.rotate).toBe(1);
});

test("A-39: a thousand refreshes at once over two replicas give one successor, good on both", async () => {
  const store = new MemoryFamilyStore();
  const key = newKey();
  await using a = await startTokens({ store, key });
  const { token } = await a.issued();
  await using b = await startTokens({ store, key });
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => (at % 2 === 0 ? a : b).refresh(token)));
  expect(new Set(answers.map((issued) => issued.token.reveal())).size).toBe(1);
  const [{ token: successor, familyId }] = answers as [(typeof answers)[0]];
  expect(await store.find(familyId)).toMatchObject({ generation: 1, revokedAt: undefined });
  for (const replica of [a, b]) expect(await replica.present(successor)).toMatchObject({ ok: true });
});

test("A-39: refreshes of many sandboxes at once do not mix", async () => {
  await using gateway = await startTokens();
  const sandboxes = await Promise.all(Array.from({ length: 50 }, () => gateway.issued(newSandboxId())));
  const answers = await Promise.all(sandboxes.flatMap(({ token }) => [gateway.refresh(token), gateway.refresh(token)]));
  expect(new Set(answers.map((issued) => issued.token.reveal())).size).toBe(50);
  for (const [at, { sandboxId }] of sandboxes.entries()) {
    const verdict = await gateway.present(answers[at * 2]!.token);
    expect(verdict).toMatchObject({ ok: true, value: { sandboxId } });
  }
});

test("A-39: over two replicas, the answer that one lost is given by the other, to the byte, told of it or not", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const [told, untold] = [await a.issued(), await a.issued()];
  await b.tokens.follower.reload();
  const [lost, alsoLost] = [await a.refresh(told.token), await a.refresh(untold.token)];
  await b.tokens.follower.learn([lost.familyId]);
  expect((await b.refresh(told.token)).token.reveal()).toBe(lost.token.reveal());
  expect((await b.refresh(untold.token)).token.reveal()).toBe(alsoLost.token.reveal());
  expect(replicas.store.calls.rotate, "and one more that found itself too late").toBe(3);
});

test("A-39: over two replicas that are told of each other all the time, a thousand refreshes give one successor", async () => {
  await using replicas = await startReplicas();
  const { a, b, store } = replicas;
  const { token } = await a.issued();
  const { familyId } = (await admitted(a, token)).credential;
  const followers = Array.from({ length: 20 }, (_, at) => (at % 2 ? a : b).tokens.follower.learn([familyId]));
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => (at % 2 ? a : b).refresh(token)));
  await Promise.all(followers);
  expect(new Set(answers.map((issued) => issued.token.reveal())).size).toBe(1);
  expect(await store.find(familyId)).toMatchObject({ generation: 1, revokedAt: undefined });
});
