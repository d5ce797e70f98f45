import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Secret } from "../../../../src/core/secret.ts";
import { generateSigningKey } from "../../../../src/tokens/index.ts";
import { listKeys } from "../../../../src/tokens/keys/index.ts";
import { parseRing, printRing } from "../../../../src/tokens/keys/stored-ring.ts";
import { KeyDirectory, threeFiles } from "../../../support/key-directory.ts";

const [active, other] = [generateSigningKey(), generateSigningKey()];
const since = "2026-01-01T00:00:00.000Z";
const privateName = `key-${other.keyId}.signing.pem`;
const publicName = `key-${other.keyId}.public.pem`;
const ringOf = (...keys: unknown[]) => JSON.stringify({ version: 1, keys });
const entry = (state: string, kid: string = other.keyId) => ({ kid, state, since });

let ring: KeyDirectory;
beforeEach(() => {
  ring = new KeyDirectory({ isEmpty: true });
});
afterEach(() => ring[Symbol.dispose]());

const list = () => listKeys(ring.path, ring.clock);
const both = { [privateName]: other.signing, [publicName]: other.public };

test("the three files of an installation that is taken over are a ring of one active key", async () => {
  ring.put(threeFiles({ ...active, keyId: "legacy-1" }));
  expect(await list()).toEqual([{ kid: "legacy-1", state: "active", ready: false }]);
});

test("a ring that was printed is the same ring when it is read", () => {
  const files = new Map<string, string | Secret>([
    ["signing.pem", active.signing],
    ["public.pem", active.public],
    ["kid", active.keyId],
    [privateName, other.signing],
    [publicName, other.public],
    ["ring.json", ringOf(entry("active", active.keyId), entry("next"), entry("revoked", "gone"))],
  ]);
  const read = parseRing(files);
  expect(read.keys.map(({ keyId, state }) => [keyId, state])).toEqual([
    [active.keyId, "active"],
    [other.keyId, "next"],
  ]);
  expect(parseRing(printRing(read))).toEqual(read);
});

test("an active key that was replaced by hand does not inherit the time of the one before", async () => {
  ring.put({ ...threeFiles(active), "ring.json": ringOf(entry("active", "before")) });
  expect(await list()).toEqual([{ kid: active.keyId, state: "active", ready: false }]);
});

test.each(["retired", "revoked"])("what a key left behind that was %s is not taken for a key", async (state) => {
  ring.put({ ...threeFiles(active), ...both, "ring.json": ringOf(entry(state)) });
  expect((await list()).map((key) => key.state)).toEqual(["active", state]);
});

test("files that are not the ring's lie beside it unheeded", async () => {
  ring.put({ ...threeFiles(active), "README.md": "keys", "tls.key": "x", "key-x.txt": "x" });
  expect(await list()).toHaveLength(1);
});

describe("a set of which a part is missing is refused, and the part is named", () => {
  const three = threeFiles(active);
  test.each<[string, Record<string, string | Secret>, string]>([
    ["nothing", {}, "the signing key is incomplete, signing.pem and public.pem and kid missing"],
    ["signing.pem alone", { "signing.pem": active.signing }, "public.pem and kid missing"],
    ["public.pem alone", { "public.pem": active.public }, "signing.pem and kid missing"],
    ["kid alone", { kid: active.keyId }, "signing.pem and public.pem missing"],
    ["no kid", { "signing.pem": active.signing, "public.pem": active.public }, "incomplete, kid missing"],
    ["a ring without the active key", { ...both, "ring.json": ringOf(entry("next")) }, "signing key is incomplete"],
    ["a next key without files", { ...three, "ring.json": ringOf(entry("next")) }, `${publicName}: missing`],
    [
      "a next key that could not sign",
      { ...three, [publicName]: other.public, "ring.json": ringOf(entry("next")) },
      `${privateName}: missing, and its key is next to sign`,
    ],
    [
      "a retiring key without its public half",
      { ...three, [privateName]: other.signing, "ring.json": ringOf(entry("retiring")) },
      `${publicName}: missing`,
    ],
    ["keys without a ring.json", { ...three, ...both }, `${publicName}: without a ring.json`],
    [
      "a key that ring.json does not know",
      { ...three, ...both, "ring.json": ringOf() },
      `${publicName}: ring.json knows no such key`,
    ],
  ])("%s", async (_what, files, says) => {
    ring.put(files);
    await expect(list()).rejects.toThrow(says);
    await expect(list()).rejects.toThrow(ring.path);
  });
});

describe("what does not belong together is refused", () => {
  const three = threeFiles(active);
  test.each<[string, Record<string, string | Secret>, string]>([
    ["another public half", { ...three, "public.pem": other.public }, "public.pem: not the public half of signing.pem"],
    [
      "another public half of a next key",
      { ...three, [privateName]: other.signing, [publicName]: active.public, "ring.json": ringOf(entry("next")) },
      `key-${other.keyId}: public.pem: not the public half`,
    ],
    [
      "a next key's own files as the active ones",
      { ...threeFiles(other), ...both, "ring.json": ringOf(entry("next")) },
      `kid: names the key ${other.keyId}, which ring.json says is next`,
    ],
    ["a revoked key as the active one", { ...three, "ring.json": ringOf(entry("revoked", active.keyId)) }, "revoked"],
    ["a retired key as the active one", { ...three, "ring.json": ringOf(entry("retired", active.keyId)) }, "retired"],
  ])("%s", async (_what, files, says) => {
    ring.put(files);
    await expect(list()).rejects.toThrow(says);
  });
});

describe("a ring.json is refused", () => {
  test.each<[string, string, string]>([
    ["that is empty", "", "ring.json: not JSON"],
    ["that is cut off", ringOf(entry("next")).slice(0, -3), "ring.json: not JSON"],
    ["that is a list", "[]", "expected an object"],
    ["of another version", '{"version": 2, "keys": []}', "expected version 1, got 2"],
    ["without a version", '{"keys": []}', "expected version 1"],
    ["with more in it", '{"version": 1, "keys": [], "sign": "x"}', 'unknown member "sign"'],
    ["without keys", '{"version": 1}', "keys: expected a list"],
    ["with no id", ringOf({ state: "next", since }), "keys[0].kid: not a key id"],
    ["with an id that is a path", ringOf(entry("next", "../x")), "keys[0].kid: not a key id"],
    ["with a state that nobody knows", ringOf(entry("tainted")), 'unknown state "tainted"'],
    ["with a state that is an object's own", ringOf(entry("constructor")), 'unknown state "constructor"'],
    ["without a time", ringOf({ kid: "a", state: "next" }), "key a: since: expected a time"],
    ["with a time of no zone", ringOf({ kid: "a", state: "next", since: "2026-01-01T00:00:00" }), "since"],
    ["with a member more in a key", ringOf({ ...entry("next"), note: 1 }), 'unknown member "note"'],
    ["with a key twice", ringOf(entry("retiring"), entry("revoked")), "stands in it twice"],
    ["with two next keys", ringOf(entry("next", "a"), entry("next", "b")), "more than one key is next"],
    ["with two active keys", ringOf(entry("active", "a"), entry("active", "b")), "more than one key is active"],
  ])("%s", async (_what, text, says) => {
    ring.put({ ...threeFiles(active), "ring.json": text });
    await expect(list()).rejects.toThrow(says);
    await expect(list()).rejects.toThrow("ring.json");
  });
});

test("no message and no cause quotes a private half", async () => {
  const text = active.signing.reveal();
  ring.put({ ...threeFiles(active), "signing.pem": text.replace("MC4", "MC5") });
  const failed = (await list().catch((error: unknown) => error)) as Error;
  const seed = text.split("\n")[1]!.slice(-16);
  for (let error: unknown = failed; error instanceof Error; error = error.cause) {
    expect(`${error.message} ${error.stack}`).not.toContain(seed);
  }
  expect(failed.message).toMatch(/signing\.pem/);
});
