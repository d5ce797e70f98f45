import { afterEach, beforeEach, expect, test } from "vitest";
import type { SandboxId } from "../../../../src/core/ids.ts";
import { everyMs, type SandboxWorld, sandboxWorld } from "../../../support/sandbox-world.ts";

let world: SandboxWorld;
beforeEach(async () => {
  world = await sandboxWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const hour = 3_600_000;
const fileOf = (id: SandboxId) => world.driver.files.get(id)?.reveal();

test("a token that ran out without a refresh is followed by a new family's", async () => {
  const { id } = await world.made();
  const old = fileOf(id);
  world.keeper.start();
  await world.clock.advance(hour + 2 * everyMs);
  await expect.poll(() => fileOf(id)).not.toBe(old);
  expect(fileOf(id)).toBe((await world.tokens.currentToken(id))?.reveal());
});

test("a token that still lives is never replaced, however often it looks", async () => {
  const { id } = await world.made();
  const token = fileOf(id);
  for (let round = 0; round < 10; round += 1) await world.keeper.look();
  expect(fileOf(id)).toBe(token);
  expect(await world.store.families.load(0)).toHaveLength(1);
});

test("it leaves sandboxes with a session alone: their token lives, or the session would have ended", async () => {
  const { id } = await world.made();
  const token = fileOf(id);
  world.registry.sessionStarted(id, "i");
  world.clock.jump(2 * hour);
  await world.keeper.look();
  expect(fileOf(id)).toBe(token);
  world.registry.sessionEnded(id);
  await world.keeper.look();
  expect(fileOf(id)).not.toBe(token);
});

test("where a stolen token was used, a new family is delivered at once", async () => {
  const { id } = await world.made();
  const old = fileOf(id);
  world.keeper.start();
  const [family] = await world.store.families.ofSandbox(id);
  await world.tokens.revokeFamily(family!.familyId, "reuse");
  await expect.poll(() => fileOf(id)).not.toBe(old);
  expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
});

test("a sandbox that was deleted gets nothing for its revoked family", async () => {
  const { id } = await world.made();
  world.keeper.start();
  await world.lifecycle.remove(id, { kind: "anonymous" });
  await world.keeper.look();
  expect([world.driver.files.size, await world.store.families.ofSandbox(id)]).toEqual([0, []]);
});

test("a delivery that fails is tried again", async () => {
  const { id } = await world.made();
  const old = fileOf(id);
  world.clock.jump(2 * hour);
  world.driver.failing.set("deliverToken", "disk full");
  await world.keeper.look();
  expect(fileOf(id)).toBe(old);
  world.driver.failing.clear();
  await world.keeper.look();
  await expect.poll(() => fileOf(id)).toBe((await world.tokens.currentToken(id))?.reveal());
});

test("it delivers nothing to sandboxes that pull their token", async () => {
  world.driver.delivery = "pull";
  const { id } = await world.made();
  await world.keeper.look();
  expect(fileOf(id)).toBeUndefined();
  expect(await world.tokens.currentToken(id)).toBeUndefined();
});

test("once disposed it looks no more", async () => {
  world.keeper.start();
  expect(world.clock.waiting).toBeGreaterThan(0);
  const before = world.clock.waiting;
  await world.keeper[Symbol.asyncDispose]();
  expect(world.clock.waiting).toBe(before - 1);
});
