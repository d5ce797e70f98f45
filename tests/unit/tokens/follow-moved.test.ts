import { describe, expect, test } from "vitest";
import type { SandboxId } from "../../../src/core/ids.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import {
  changeableRing,
  type Gateway,
  newKey,
  ringKey,
  startReplicas,
  startTokens,
  turns,
} from "../../support/tokens.ts";

const file = ({ delivered }: Gateway, sandboxId: SandboxId) =>
  (delivered.get(sandboxId) ?? []).map((token) => token.reveal());

describe("a token that another replica made", () => {
  test("is delivered here once, the same to the byte, however often it is told of", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token, sandboxId } = await a.issued();
    await b.tokens.follower.reload();
    const { token: successor, familyId } = await a.refresh(token);
    for (let time = 0; time < 3; time += 1) await b.tokens.follower.learn([familyId]);
    await b.tokens.follower.reload();
    await turns();
    expect(file(b, sandboxId)).toEqual([token.reveal(), successor.reveal()]);
  });

  test("is delivered where a call brought it to light before the feed did", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token, sandboxId } = await a.issued();
    await b.present(token);
    const { token: successor, familyId } = await a.refresh(token);
    await b.present(successor);
    await b.tokens.follower.learn([familyId]);
    await turns();
    expect(file(b, sandboxId)).toEqual([token.reveal(), successor.reveal()]);
  });

  test("is not delivered where it was presented, revoked or superseded since, but what took its place is", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const [gone, lives] = [await a.issued(), await a.issued()];
    await b.tokens.follower.reload();
    await turns();
    b.delivered.clear();
    await a.present(lives.token);
    await b.tokens.follower.reload();
    await a.refresh(gone.token);
    await a.tokens.revokeSandbox(gone.sandboxId, "operator");
    const { token: second } = await a.refresh(lives.token);
    const { token: third } = await a.refresh(second);
    await b.tokens.follower.reload();
    await turns();
    expect([...b.delivered.keys()]).toEqual([lives.sandboxId]);
    expect(file(b, lives.sandboxId)).toEqual([third.reveal()]);
  });

  test("is neither signed nor delivered here where the sandbox is another replica's", async () => {
    let signed = 0;
    const key = newKey();
    const { signer, ...rest } = ringKey(key);
    const counting = {
      keyId: key.keyId,
      sign(bytes: Uint8Array) {
        signed += 1;
        return signer!.sign(bytes);
      },
    };
    await using replicas = await startReplicas({
      a: { keys: changeableRing(ringKey(key)) },
      b: { owns: () => false, keys: changeableRing({ ...rest, signer: counting }) },
    });
    const { a, b } = replicas;
    const { token, sandboxId } = await a.issued();
    await a.refresh(token);
    await b.tokens.follower.reload();
    await turns();
    expect(signed).toBe(0);
    expect(file(b, sandboxId)).toEqual([]);
  });

  test("is not delivered where its key is not here, or it ran out", async () => {
    const [one, two] = [newKey(), newKey()];
    await using replicas = await startReplicas({
      a: { keys: changeableRing(ringKey(one)), ttlSeconds: 60 },
      b: { keys: changeableRing(ringKey(two)) },
    });
    const { a, b, clock } = replicas;
    const { sandboxId } = await a.issued();
    await b.tokens.follower.reload();
    await turns();
    expect(file(b, sandboxId)).toEqual([]);
    await using late = await startTokens({ store: new MemoryFamilyStore(), clock, key: one });
    const rows = [...replicas.store.backup().values()];
    late.store.restore(new Map(rows.map((row) => [row.familyId, row])));
    clock.jump(60_000);
    await late.tokens.follower.reload();
    await turns();
    expect(file(late, sandboxId)).toEqual([]);
  });

  test("is tried again where it cannot be delivered, or signed, until it works; learning does not wait for it", async () => {
    const failures = [new Error("disk full"), new Refusal("keys-missing")];
    const key = newKey();
    const { signer, ...rest } = ringKey(key);
    const files: string[] = [];
    const moody = {
      keyId: key.keyId,
      sign(bytes: Uint8Array) {
        if (failures.length === 1) throw failures.pop();
        return signer!.sign(bytes);
      },
    };
    await using replicas = await startReplicas({
      a: { keys: changeableRing(ringKey(key)) },
      b: {
        keys: changeableRing({ ...rest, signer: moody }),
        deliver: async (_id, token) => {
          if (failures.length === 2) throw failures.shift();
          files.push(token.reveal());
        },
      },
    });
    const { a, b, clock } = replicas;
    const { token } = await a.issued();
    await b.tokens.follower.reload();
    await turns();
    expect(failures).toHaveLength(1);
    await clock.advance(1_000);
    expect(failures).toHaveLength(0);
    expect(files).toEqual([]);
    await clock.advance(2_000);
    await turns();
    expect(files).toEqual([token.reveal()]);
    await clock.advance(600_000);
    expect(files).toHaveLength(1);
  });

  test("whose delivery hangs does not hold what is learned", async () => {
    await using replicas = await startReplicas({ b: { deliver: () => new Promise(() => undefined) } });
    const { a, b } = replicas;
    const { token } = await a.issued();
    await b.tokens.follower.reload();
    expect(await b.present(token)).toMatchObject({ ok: true });
  });
});

describe("a token of this replica's own making", () => {
  test("is not delivered a second time when the feed tells of it", async () => {
    await using gateway = await startTokens();
    const { token, sandboxId } = await gateway.issued();
    await gateway.tokens.follower.reload();
    const { token: successor, familyId } = await gateway.refresh(token);
    await gateway.tokens.follower.learn([familyId]);
    await turns();
    expect(file(gateway, sandboxId)).toEqual([successor.reveal()]);
  });

  test("is not delivered a second time when the feed tells of it before the store has answered", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    class Slow extends MemoryFamilyStore {
      override async rotate(...given: Parameters<MemoryFamilyStore["rotate"]>) {
        const outcome = await super.rotate(...given);
        await released;
        return outcome;
      }
    }
    await using gateway = await startTokens({ store: new Slow() });
    const { token, sandboxId, payload } = await gateway.issued();
    const [row] = [...gateway.store.backup().values()];
    const refreshing = gateway.refresh(token);
    await turns();
    await gateway.tokens.follower.learn([row!.familyId]);
    await turns();
    expect(payload["jti"]).toBe(`${row!.familyId}.0`);
    expect(file(gateway, sandboxId)).toEqual([]);
    release();
    const { token: successor } = await refreshing;
    await turns();
    expect(file(gateway, sandboxId)).toEqual([successor.reveal()]);
  });

  test("is delivered where the store took it and could not say so: the feed tells", async () => {
    await using gateway = await startTokens();
    const { token, sandboxId } = await gateway.issued();
    gateway.store.mute.add("rotate").add("begin");
    await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "store-unavailable" });
    await gateway.tokens.follower.reload();
    await turns();
    const [successor] = file(gateway, sandboxId);
    expect(await gateway.present(successor!)).toMatchObject({ ok: true });
    await expect(gateway.tokens.issue(sandboxId, "renewed")).rejects.toMatchObject({ reason: "store-unavailable" });
    await gateway.tokens.follower.reload();
    await turns();
    const [, renewed] = file(gateway, sandboxId);
    expect(await gateway.present(renewed!)).toMatchObject({ ok: true });
  });
});

test("a restored store's token is delivered in the place of the one that it does not know", async () => {
  await using gateway = await startTokens();
  const { token: first, sandboxId } = await gateway.issued();
  const backup = gateway.store.backup();
  const { token: second } = await gateway.refresh(first);
  gateway.store.restore(backup);
  await gateway.tokens.follower.reload();
  await turns();
  expect(file(gateway, sandboxId)).toEqual([second.reveal(), first.reveal()]);
});

test("families that are loaded at the start are not delivered: whoever starts the gateway compares their files", async () => {
  await using replicas = await startReplicas();
  await replicas.a.issued();
  await using next = await startTokens({ store: replicas.store, key: replicas.a.key, clock: replicas.clock });
  await next.tokens.follower.reload();
  await turns();
  expect(next.delivered.size).toBe(0);
});

test("a gateway that has ended delivers nothing any more", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token, sandboxId } = await a.issued();
  await b.tokens.follower.reload();
  await turns();
  const { familyId } = await a.refresh(token);
  const learning = b.tokens.follower.learn([familyId]);
  await b.tokens[Symbol.asyncDispose]();
  await learning;
  await turns();
  expect(file(b, sandboxId)).toEqual([token.reveal()]);
  expect(replicas.clock.waiting, "of a alone").toBe(1);
});
