import { expect, test } from "vitest";
import { silentLog } from "../../../../src/core/log.ts";
import { createReloadingKeyRing } from "../../../../src/tokens/keys/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { KeyDirectory, mountSecret, secretOf } from "../../../support/key-directory.ts";
import { MemoryFamilyStore } from "../../../support/memory-family-store.ts";
import { refusedFor, startTokens } from "../../../support/tokens.ts";

const spreadMs = 150_000;

/** Two replicas of one gateway on one store, each with a mount of its own of one Secret. */
async function twoReplicas() {
  const life = new AsyncDisposableStack();
  const clock = new FakeClock();
  const store = new MemoryFamilyStore();
  const secret = life.use(new KeyDirectory({ clock }));
  const replica = async () => {
    const mount = life.use(new KeyDirectory({ clock, isEmpty: true }));
    const arrive = () => mountSecret(mount.path, secretOf(secret));
    arrive();
    const keys = life.use(await createReloadingKeyRing({ paths: mount.paths, clock, log: silentLog }));
    const gateway = life.use(await startTokens({ keys, store, clock }));
    /** The kubelet brings the Secret as it is now. */
    const sync = async () => {
      arrive();
      await keys.reload();
    };
    return { ...gateway, keys, sync };
  };
  const [quick, slow] = [await replica(), await replica()];
  /** What each signs, the other takes: on a call, and for a refresh. */
  const understandEachOther = async () => {
    for (const [one, other] of [
      [quick, slow],
      [slow, quick],
    ] as const) {
      const { token } = await one.issued();
      expect(await other.present(token)).toMatchObject({ ok: true });
      const successor = await other.refresh(token);
      expect(await one.present(successor.token)).toMatchObject({ ok: true });
    }
  };
  return { quick, slow, secret, clock, understandEachOther, [Symbol.asyncDispose]: () => life.disposeAsync() };
}

test("while a change spreads as slowly as it may, each replica takes what the other signs, at every step", async () => {
  await using world = await twoReplicas();
  const { quick, slow, secret, clock, understandEachOther } = world;
  await secret.run("prepare");
  await quick.sync();
  await understandEachOther();
  clock.jump(spreadMs);
  await slow.sync();
  await understandEachOther();

  await secret.run("activate");
  await quick.sync();
  expect(quick.keys.active.keyId).not.toBe(slow.keys.active.keyId);
  await understandEachOther();
  clock.jump(spreadMs);
  const last = await slow.issued();
  await slow.sync();
  expect(slow.keys.active.keyId).toBe(quick.keys.active.keyId);
  await understandEachOther();

  // The last token that the slow one signed with the old key is good to its end, everywhere.
  clock.jump(3_600_000 - 1_000);
  expect(await quick.present(last.token)).toMatchObject({ ok: true });
  await expect(secret.run("retire")).rejects.toThrow(/still good/);
  clock.jump(86_430_000);
  await secret.run("retire");
  await quick.sync();
  await understandEachOther();
  await slow.sync();
  await understandEachOther();
});

test("a key that is activated before it could spread is refused by the slow one: that is what activate waits for", async () => {
  await using world = await twoReplicas();
  const { quick, slow, secret } = world;
  await secret.run("prepare");
  await expect(secret.run("activate")).rejects.toThrow(/too new/);
  await secret.run("activate", { force: true });
  await quick.sync();
  const { token } = await quick.issued();
  expect(await slow.present(token)).toEqual(refusedFor("credential-unrecognised"));
  await slow.sync();
  expect(await slow.present(token)).toMatchObject({ ok: true });
});

test("a revoked key ends what the slow one goes on to sign with it, too", async () => {
  await using world = await twoReplicas();
  const { quick, slow, secret, clock } = world;
  await secret.run("prepare");
  await quick.sync();
  await slow.sync();
  const leaked = slow.keys.active.keyId;
  await secret.run("revoke", { keyId: leaked });
  await quick.sync();
  const { sandboxId } = await slow.issued();
  clock.jump(spreadMs);
  await slow.sync();
  await expect
    .poll(() => slow.audited.find((event) => event.event === "family.revoked"))
    .toMatchObject({
      sandboxId,
      reason: "key-revoked",
    });
  expect(quick.keys.find(leaked)).toBeUndefined();
});
