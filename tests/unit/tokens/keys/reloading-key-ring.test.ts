import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Log, silentLog } from "../../../../src/core/log.ts";
import { generateSigningKey } from "../../../../src/tokens/index.ts";
import { createReloadingKeyRing, type ReloadingKeyRing } from "../../../../src/tokens/keys/index.ts";
import { KeyDirectory, mountSecret, secretOf, threeFiles } from "../../../support/key-directory.ts";

const pollMs = 2_000;
const retiredMs = 150_000 + 86_430_000;

let files: KeyDirectory;
let keys: ReloadingKeyRing;
let logged: [level: string, message: string, fields: Record<string, unknown>][];
beforeEach(async () => {
  files = new KeyDirectory();
  logged = [];
  keys = await open();
});
afterEach(async () => {
  await keys[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const record = (level: string) => (fields: object, message: string) =>
  void logged.push([level, message, { ...fields }]);
const log: Log = { ...silentLog, info: record("info"), warn: record("warn"), error: record("error") };
const open = () => createReloadingKeyRing({ paths: files.paths, clock: files.clock, log });
const said = (level: string) => logged.filter(([one]) => one === level).map(([, message]) => message);
const stateOf = (keyId: string) => keys.find(keyId)?.state;
const published = () => keys.jwks().keys.map(({ kid }) => kid);

describe("a change is picked up while serving", () => {
  test("by itself, every few seconds", async () => {
    await files.run("prepare");
    expect(published()).toEqual([files.first.keyId]);
    await files.clock.advance(pollMs);
    await expect.poll(published).toHaveLength(2);
  });

  test("again and again", async () => {
    for (let round = 2; round < 5; round += 1) {
      await files.run("prepare");
      await files.run("activate", { force: true });
      await files.clock.advance(pollMs);
      await expect.poll(published).toHaveLength(round);
      // The next look is planned when the last one is over.
      await expect.poll(() => files.clock.waiting).toBe(1);
    }
  });

  test("at once, when somebody asks for it", async () => {
    await files.run("prepare");
    await keys.reload();
    expect(published()).toHaveLength(2);
  });

  test("through prepare, activate and retire, and all that verifies is published", async () => {
    await files.run("prepare");
    await keys.reload();
    const [next = ""] = await files.idsOf("next");
    expect([keys.active.keyId, stateOf(next)]).toEqual([files.first.keyId, "next"]);
    expect(published()).toEqual([files.first.keyId, next]);

    await files.run("activate", { force: true });
    await keys.reload();
    expect([keys.active.keyId, stateOf(files.first.keyId)]).toEqual([next, "retiring"]);
    expect(keys.find(files.first.keyId)?.signer).toBeDefined();
    expect(published().sort()).toEqual([files.first.keyId, next].sort());

    files.clock.jump(retiredMs);
    await files.run("retire");
    await keys.reload();
    expect(published()).toEqual([next]);
    expect(stateOf(files.first.keyId)).toBeUndefined();
  });

  test("of a mounted Secret whose set is exchanged by one link", async () => {
    using mounted = new KeyDirectory({ isEmpty: true, clock: files.clock });
    using source = new KeyDirectory({ clock: files.clock });
    mountSecret(mounted.path, threeFiles(source.first));
    await using ring = await createReloadingKeyRing({ paths: mounted.paths, clock: files.clock, log });
    await source.run("prepare");
    const [next = ""] = await source.idsOf("next");
    mountSecret(mounted.path, secretOf(source));
    await ring.reload();
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([source.first.keyId, next]);
    expect(said("error")).toEqual([]);
  });
});

describe("files that were simply replaced by those of another key", () => {
  const other = generateSigningKey();

  test("sign from then on, and the key before verifies for as long as its tokens may live", async () => {
    files.put(threeFiles(other));
    await keys.reload();
    expect(keys.active.keyId).toBe(other.keyId);
    expect(stateOf(files.first.keyId)).toBe("retiring");
    expect(published()).toEqual([other.keyId, files.first.keyId]);
    expect(said("warn")).toEqual(["the signing key was replaced by one that was not prepared"]);

    files.clock.jump(retiredMs - 1);
    await keys.reload();
    expect(stateOf(files.first.keyId)).toBe("retiring");
    files.clock.jump(1);
    await keys.reload();
    expect(stateOf(files.first.keyId)).toBeUndefined();
    expect(published()).toEqual([other.keyId]);
  });

  test.each([
    ["signing.pem", "public.pem", "kid"],
    ["kid", "public.pem", "signing.pem"],
    ["public.pem", "kid", "signing.pem"],
    ["kid", "signing.pem", "public.pem"],
  ])("are taken when the last of them, in the order %s, %s, %s, is there, and not before", async (...order) => {
    const parts = threeFiles(other);
    for (const name of order.slice(0, 2)) {
      files.put({ [name]: parts[name]! });
      await keys.reload();
      expect([keys.active.keyId, published()]).toEqual([files.first.keyId, [files.first.keyId]]);
    }
    const last = order[2]!;
    files.put({ [last]: parts[last]! });
    await keys.reload();
    expect(keys.active.keyId).toBe(other.keyId);
    expect(published()).toContain(files.first.keyId);
  });

  test("and then back again: the first one signs, the other one verifies", async () => {
    files.put(threeFiles(other));
    await keys.reload();
    files.put(threeFiles(files.first));
    await keys.reload();
    expect(keys.active.keyId).toBe(files.first.keyId);
    expect(stateOf(other.keyId)).toBe("retiring");
  });

  test("are a key that a command can work with", async () => {
    files.put(threeFiles(other));
    await keys.reload();
    await files.run("prepare");
    await files.run("activate", { force: true });
    await keys.reload();
    expect(published().sort()).toEqual([files.first.keyId, other.keyId, keys.active.keyId].sort());
  });
});

test("a retiring key that vanished counts from when it stopped signing, not from when it vanished", async () => {
  await files.run("prepare");
  await files.run("activate", { force: true });
  await keys.reload();
  files.clock.jump(retiredMs - 1000);
  const [active = ""] = await files.idsOf("active");
  const names = [`key-${files.first.keyId}.signing.pem`, `key-${files.first.keyId}.public.pem`];
  files.remove(...names.map((name) => join("..data", name)), ...names);
  files.put({ "ring.json": JSON.stringify({ version: 1, keys: [] }) });
  await keys.reload();
  expect(published().sort()).toEqual([active, files.first.keyId].sort());
  files.clock.jump(1000);
  await keys.reload();
  expect(published()).toEqual([active]);
});

describe("a change that is no good leaves the ring as it is, and is logged once", () => {
  const since = "2026-01-01T00:00:00.000Z";
  const bad: [string, (directory: KeyDirectory) => void, RegExp][] = [
    ["a file that is gone", (it) => it.remove("public.pem"), /incomplete, public.pem missing/],
    ["a directory that is gone", (it) => it.remove(""), /incomplete, signing.pem and public.pem and kid missing/],
    ["a private half cut off", (it) => it.put({ "signing.pem": "-----BEGIN PRIVATE KEY-----\n" }), /signing\.pem/],
    [
      "a state that nobody knows",
      (it) => it.put({ "ring.json": JSON.stringify({ version: 1, keys: [{ kid: "a", state: "tainted", since }] }) }),
      /ring\.json: key a: unknown state "tainted"/,
    ],
    ["a stray key", (it) => it.put({ "key-a.public.pem": "x" }), /key-a\.public\.pem/],
    [
      "a new key under the old id",
      (it) => it.put({ ...threeFiles(generateSigningKey()), kid: it.first.keyId }),
      /is that of another key; a new key needs a new id/,
    ],
    ["a new id for the old key", (it) => it.put({ kid: "renamed" }), /cannot become renamed/],
  ];

  test.each(bad)("%s", async (_what, spoil, says) => {
    const before = keys.jwks();
    spoil(files);
    await keys.reload();
    await keys.reload();
    await files.clock.advance(pollMs);
    await keys.reload();
    expect(keys.active.keyId).toBe(files.first.keyId);
    expect(keys.jwks()).toEqual(before);
    expect(said("error")).toEqual(["new signing keys are not usable, the old ones stay"]);
    const [fields] = logged.filter(([level]) => level === "error").map(([, , one]) => one);
    expect(fields).toMatchObject({
      place: files.path,
      err: expect.objectContaining({ message: expect.stringMatching(says) }),
    });
  });

  test.each(bad.filter(([what]) => what !== "a directory that is gone"))(
    "and after %s it follows again once the files are good",
    async (_what, spoil) => {
      const other = generateSigningKey();
      spoil(files);
      await keys.reload();
      for (const name of ["ring.json", "key-a.public.pem"]) files.put({ [name]: "" });
      files.remove("ring.json", "key-a.public.pem");
      files.put(threeFiles(other));
      await keys.reload();
      expect(keys.active.keyId).toBe(other.keyId);
    },
  );
});

describe("a revoked key", () => {
  const heard: string[] = [];
  const listen = () => {
    heard.length = 0;
    return keys.onRevoked((keyId) => heard.push(keyId));
  };

  test("is gone at once, and whoever listens is told once", async () => {
    using _listening = listen();
    await files.run("prepare");
    await files.run("activate", { force: true });
    await keys.reload();
    expect(heard).toEqual([]);
    await files.run("revoke", { keyId: files.first.keyId });
    await keys.reload();
    await files.run("prepare");
    await keys.reload();
    expect(heard).toEqual([files.first.keyId]);
    expect(stateOf(files.first.keyId)).toBeUndefined();
    expect(published()).not.toContain(files.first.keyId);
  });

  test("is gone though it was only kept in memory, its files having been replaced", async () => {
    using _listening = listen();
    files.put(threeFiles(generateSigningKey()));
    await keys.reload();
    expect(stateOf(files.first.keyId)).toBe("retiring");
    await files.run("revoke", { keyId: files.first.keyId, force: true });
    await keys.reload();
    expect([stateOf(files.first.keyId), heard]).toEqual([undefined, [files.first.keyId]]);
  });

  test("may be the active one: another one signs then", async () => {
    await files.run("revoke", { keyId: files.first.keyId });
    await keys.reload();
    expect(keys.active.keyId).not.toBe(files.first.keyId);
    expect(published()).toEqual([keys.active.keyId]);
  });

  test("is told of to whoever listens after a restart, as its tokens may not have ended", async () => {
    await files.run("revoke", { keyId: files.first.keyId });
    await using again = await open();
    const told: string[] = [];
    using _listening = again.onRevoked((keyId) => told.push(keyId));
    expect(told).toEqual([files.first.keyId]);
  });

  test("is not told of to whoever stopped listening", async () => {
    listen()[Symbol.dispose]();
    await files.run("revoke", { keyId: files.first.keyId });
    await keys.reload();
    expect(heard).toEqual([]);
  });

  test("stays gone when its files are put back", async () => {
    await files.run("revoke", { keyId: files.first.keyId });
    await keys.reload();
    const active = keys.active.keyId;
    files.put(threeFiles(files.first));
    await keys.reload();
    expect([keys.active.keyId, stateOf(files.first.keyId)]).toEqual([active, undefined]);
    await expect(open()).rejects.toThrow(/is revoked/);
  });
});

test("a key that is retired by force is gone at once, though its time is not over", async () => {
  await files.run("prepare");
  await files.run("activate", { force: true });
  await keys.reload();
  await files.run("retire", { force: true });
  await keys.reload();
  expect(stateOf(files.first.keyId)).toBeUndefined();
});

describe("the start", () => {
  test("is refused where the ring is no good, and the directory and the file are named", async () => {
    files.remove("kid");
    await expect(open()).rejects.toThrow(`${files.path}: the signing key is incomplete, kid missing`);
  });

  test("takes three files of any names and places as a ring of one key", async () => {
    using elsewhere = new KeyDirectory({ isEmpty: true });
    const { "signing.pem": signing = "", "public.pem": publicPem = "" } = threeFiles(files.first);
    elsewhere.put({ "jwt.key": signing, "jwt.pub": publicPem, "jwt.id": "legacy-1" });
    const at = (name: string) => join(elsewhere.path, name);
    const paths = { signing: at("jwt.key"), public: at("jwt.pub"), keyId: at("jwt.id") };
    await using ring = await createReloadingKeyRing({ paths, clock: files.clock, log });
    expect(ring.active.keyId).toBe("legacy-1");

    const other = threeFiles(generateSigningKey());
    elsewhere.put({ "jwt.key": other["signing.pem"]!, "jwt.pub": other["public.pem"]!, "jwt.id": "legacy-2" });
    await ring.reload();
    expect([ring.active.keyId, ring.find("legacy-1")?.state]).toEqual(["legacy-2", "retiring"]);
  });

  test("is refused where a file of another name is not there, and it is named", async () => {
    const paths = { ...files.paths, keyId: join(files.path, "nope") };
    const start = createReloadingKeyRing({ paths, clock: files.clock, log });
    await expect(start).rejects.toThrow(join(files.path, "nope"));
  });
});

test("nothing is looked at any more once it is disposed of", async () => {
  await keys[Symbol.asyncDispose]();
  expect(files.clock.waiting).toBe(0);
});

test("what is logged of the keys is their ids", async () => {
  await files.run("prepare");
  await keys.reload();
  const text = JSON.stringify(logged);
  expect(text).toContain(files.first.keyId);
  expect(text).not.toContain("PRIVATE");
  expect(text).not.toContain(files.first.signing.reveal().split("\n")[1]);
});
