import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KeysCommand } from "../../../../src/tokens/keys/index.ts";
import { KeyDirectory } from "../../../support/key-directory.ts";

const spreadMs = 150_000;
const retiredMs = spreadMs + 86_430_000;

let ring: KeyDirectory;
beforeEach(() => {
  ring = new KeyDirectory();
});
afterEach(() => ring[Symbol.dispose]());

/** Brings the ring into a state by the commands themselves. */
const arrive = {
  "one key": async () => undefined,
  "a next key": async () => void (await ring.run("prepare")),
  "a retiring key": async () => {
    await ring.run("prepare");
    await ring.run("activate", { force: true });
  },
  "a next and a retiring key": async () => {
    await arrive["a retiring key"]();
    await ring.run("prepare");
  },
};
type State = keyof typeof arrive;

const table: [State, KeysCommand, { target?: string; force?: true; wait?: number }, string[] | RegExp][] = [
  ["one key", "prepare", {}, ["active", "next"]],
  ["a next key", "prepare", {}, ["active", "next"]],
  ["a retiring key", "prepare", {}, ["retiring", "active", "next"]],
  ["a next and a retiring key", "prepare", {}, ["retiring", "active", "next"]],

  ["one key", "activate", {}, /no key is prepared/],
  ["one key", "activate", { force: true }, /no key is prepared/],
  ["one key", "activate", { target: "active" }, ["active"]],
  ["a next key", "activate", {}, /too new.*Wait 150 s/],
  ["a next key", "activate", { wait: spreadMs - 1 }, /too new.*Wait 1 s/],
  ["a next key", "activate", { wait: spreadMs }, ["active", "retiring"]],
  ["a next key", "activate", { wait: spreadMs, target: "next" }, ["active", "retiring"]],
  ["a next key", "activate", { force: true }, ["active", "retiring"]],
  ["a retiring key", "activate", {}, /no key is prepared/],
  ["a retiring key", "activate", { target: "retiring" }, ["active", "retiring"]],
  ["a next and a retiring key", "activate", { wait: spreadMs }, ["active", "retiring", "retiring"]],
  ["a next and a retiring key", "activate", { target: "retiring" }, ["active", "retiring", "next"]],

  ["one key", "retire", {}, ["active"]],
  ["one key", "retire", { target: "active", force: true }, /is active; activate another/],
  ["a next key", "retire", {}, ["active", "next"]],
  ["a next key", "retire", { target: "next", force: true }, /has signed nothing.*revoke/],
  ["a retiring key", "retire", {}, /still good. Wait 24 h 3 min/],
  ["a retiring key", "retire", { wait: retiredMs - 1 }, /still good. Wait 1 s/],
  ["a retiring key", "retire", { target: "retiring", wait: retiredMs - 1 }, /still good/],
  ["a retiring key", "retire", { wait: retiredMs }, ["active", "retired"]],
  ["a retiring key", "retire", { target: "retiring", wait: retiredMs }, ["active", "retired"]],
  ["a retiring key", "retire", { force: true }, ["active", "retired"]],
  ["a next and a retiring key", "retire", { force: true }, ["active", "next", "retired"]],

  ["one key", "revoke", {}, /which key/],
  ["one key", "revoke", { target: "active" }, ["active", "revoked"]],
  ["a next key", "revoke", { target: "next" }, ["active", "revoked"]],
  ["a next key", "revoke", { target: "active" }, ["active", "revoked"]],
  ["a retiring key", "revoke", { target: "retiring" }, ["active", "revoked"]],
  ["a next and a retiring key", "revoke", { target: "retiring" }, ["active", "next", "revoked"]],
  ["a next and a retiring key", "revoke", { target: "active" }, ["active", "retiring", "revoked"]],
];

test.each(table)("with %s, %s %j comes to %s", async (state, command, { target, force, wait }, outcome) => {
  await arrive[state]();
  if (wait !== undefined) ring.clock.jump(wait);
  const before = await ring.states();
  const keyId = target === undefined ? undefined : (await ring.idsOf(target))[0]!;
  const run = ring.run(command, { ...(keyId !== undefined && { keyId }), ...(force && { force }) });
  if (outcome instanceof RegExp) {
    await expect(run).rejects.toThrow(outcome);
    expect(await ring.states()).toEqual(before);
  } else {
    await run;
    expect((await ring.states()).sort()).toEqual([...outcome].sort());
  }
});

test.each<KeysCommand>(["activate", "retire", "revoke"])(
  "%s names the keys that there are, for one that is not",
  async (command) => {
    await expect(ring.run(command, { keyId: "nope" })).rejects.toThrow(
      `${ring.path}: there is no key nope; the ring has ${ring.first.keyId} (active)`,
    );
  },
);

test("the key that was prepared is the one that signs, and the one that signed verifies", async () => {
  await ring.run("prepare");
  const next = await ring.idsOf("next");
  await ring.run("activate", { force: true });
  expect(await ring.idsOf("active")).toEqual(next);
  expect(await ring.idsOf("retiring")).toEqual([ring.first.keyId]);
  expect(ring.read("kid").trim()).toBe(next[0]);
  expect(ring.read(`key-${ring.first.keyId}.public.pem`)).toBe(ring.first.public);
});

test("the times by which a key may be activated or retired count from its own change, not from another's", async () => {
  await ring.run("prepare");
  ring.clock.jump(spreadMs);
  await ring.run("activate");
  ring.clock.jump(retiredMs - 1000);
  await ring.run("prepare");
  await expect(ring.run("activate")).rejects.toThrow(/too new/);
  ring.clock.jump(1000);
  await ring.run("retire");
  expect(await ring.states()).toEqual(["active", "next", "retired"]);
});

test("of two retiring keys, only the one whose time is over is retired", async () => {
  await ring.run("prepare");
  await ring.run("activate", { force: true });
  ring.clock.jump(retiredMs - 5);
  await ring.run("prepare");
  await ring.run("activate", { force: true });
  ring.clock.jump(5);
  await ring.run("retire");
  expect(await ring.states()).toEqual(expect.arrayContaining(["active", "retiring", "retired"]));
  expect(await ring.idsOf("retired")).toEqual([ring.first.keyId]);
});

describe("a key that left the ring", () => {
  test("is revoked once; a second time changes nothing, not even the time", async () => {
    await ring.run("revoke", { keyId: ring.first.keyId });
    const before = ring.read("ring.json");
    ring.clock.jump(60_000);
    expect(await ring.run("revoke", { keyId: ring.first.keyId })).toMatch(/nothing was changed/);
    expect(ring.read("ring.json")).toBe(before);
  });

  test("does not come back by activate", async () => {
    await ring.run("revoke", { keyId: ring.first.keyId });
    await expect(ring.run("activate", { keyId: ring.first.keyId, force: true })).rejects.toThrow(/does not come back/);
  });

  test("does not come back by its files either", async () => {
    await ring.run("revoke", { keyId: ring.first.keyId });
    ring.put({ "signing.pem": ring.first.signing, "public.pem": ring.first.public, kid: ring.first.keyId });
    await expect(ring.states()).rejects.toThrow(
      `kid: names the key ${ring.first.keyId}, which ring.json says is revoked`,
    );
  });

  test("may be revoked though it was only retired", async () => {
    await arrive["a retiring key"]();
    await ring.run("retire", { force: true });
    await ring.run("revoke", { keyId: ring.first.keyId });
    expect(await ring.states()).toEqual(["active", "revoked"]);
  });

  test("leaves no private half behind", async () => {
    await ring.run("prepare");
    await ring.run("revoke", { keyId: ring.first.keyId });
    const files = readdirSync(ring.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    expect(contents.filter((text) => text === ring.first.signing.reveal())).toEqual([]);
    expect(new Set(contents.filter((text) => text.includes("PRIVATE KEY"))).size).toBe(1);
  });

  test("is forgotten a while after it was retired, and never after it was revoked", async () => {
    await arrive["a retiring key"]();
    await ring.run("retire", { force: true });
    await ring.run("revoke", { keyId: "elsewhere", force: true });
    ring.clock.jump(retiredMs);
    await ring.run("prepare");
    await ring.run("revoke", { keyId: (await ring.idsOf("next"))[0]! });
    expect(await ring.states()).toEqual(["active", "revoked", "revoked"]);
  });
});

test("a key that only serving gateways still have is revoked by force", async () => {
  await ring.run("revoke", { keyId: "elsewhere", force: true });
  expect(await ring.idsOf("revoked")).toEqual(["elsewhere"]);
  expect(await ring.idsOf("active")).toEqual([ring.first.keyId]);
});

test("a retiring key whose private half was taken away verifies on, and cannot be activated", async () => {
  await arrive["a retiring key"]();
  ring.remove(`..data/key-${ring.first.keyId}.signing.pem`, `key-${ring.first.keyId}.signing.pem`);
  expect(await ring.states()).toEqual(["active", "retiring"]);
  await expect(ring.run("activate", { keyId: ring.first.keyId })).rejects.toThrow(/private half is not here/);
});
