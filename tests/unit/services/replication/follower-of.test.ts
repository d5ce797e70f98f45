import { expect, test } from "vitest";
import { newFamilyId, newSandboxId } from "../../../../src/core/ids.ts";
import { followerOf } from "../../../../src/services/replication/follower-of.ts";

/** Four followers that note what they are told; each takes a turn of the event loop. */
function noted() {
  const told: unknown[] = [];
  const kind = (name: string) => ({
    async reload() {
      told.push(`${name} reload`);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`${name} reloaded`);
    },
    async learn(ids: readonly string[]) {
      told.push([name, ...ids]);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`${name} learned`);
    },
  });
  const follower = followerOf({
    families: kind("families"),
    configuration: kind("configuration"),
    sandboxes: kind("sandboxes"),
    sessions: kind("sessions"),
  });
  return { told, follower };
}

test("each kind of change reaches whom it concerns, and a sandbox comes after its configuration and before its session", async () => {
  const { told, follower } = noted();
  const [sandbox, family] = [newSandboxId(), newFamilyId()];
  await follower.learn([
    { seq: 1, kind: "session", id: sandbox },
    { seq: 2, kind: "sandbox", id: sandbox },
    { seq: 3, kind: "config", id: sandbox },
    { seq: 4, kind: "family", id: family },
    { seq: 5, kind: "config", id: "global" },
  ]);
  expect(told.slice(0, 2)).toEqual([
    ["families", family],
    ["configuration", sandbox, "global"],
  ]);
  const rest = told.filter((one) => one !== "families learned").slice(2);
  expect(rest).toEqual([
    "configuration learned",
    ["sandboxes", sandbox],
    "sandboxes learned",
    ["sessions", sandbox],
    "sessions learned",
  ]);
});

test("who has no news is not asked", async () => {
  const { told, follower } = noted();
  const family = newFamilyId();
  await follower.learn([{ seq: 1, kind: "family", id: family }]);
  expect(told).toEqual([["families", family], "families learned"]);
});

test("everything is read again in the same order", async () => {
  const { told, follower } = noted();
  await follower.reload();
  expect(told.filter((one) => !`${one}`.startsWith("families"))).toEqual([
    "configuration reload",
    "configuration reloaded",
    "sandboxes reload",
    "sandboxes reloaded",
    "sessions reload",
    "sessions reloaded",
  ]);
});

test("one that cannot read makes the whole news be told again", async () => {
  const failing = { reload: () => Promise.reject(new Error("gone")), learn: () => Promise.reject(new Error("gone")) };
  const fine = { reload: async () => undefined, learn: async () => undefined };
  const change = { seq: 1, kind: "sandbox", id: newSandboxId() } as const;
  const follower = followerOf({ families: fine, configuration: fine, sandboxes: failing, sessions: fine });
  await expect(follower.learn([change])).rejects.toThrow("gone");
  await expect(follower.reload()).rejects.toThrow("gone");
});
