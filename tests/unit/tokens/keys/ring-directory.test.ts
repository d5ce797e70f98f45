import {
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateSigningKey } from "../../../../src/tokens/index.ts";
import { claimDirectory } from "../../../../src/tokens/keys/claim-directory.ts";
import { changeKeys } from "../../../../src/tokens/keys/index.ts";
import { readRingDirectory } from "../../../../src/tokens/keys/ring-directory.ts";
import { parseRing } from "../../../../src/tokens/keys/stored-ring.ts";
import { KeyDirectory, mountSecret, threeFiles } from "../../../support/key-directory.ts";

let ring: KeyDirectory;
beforeEach(() => {
  ring = new KeyDirectory();
});
afterEach(() => ring[Symbol.dispose]());

test("a reader sees one whole ring after another while commands change it as fast as they can", async () => {
  await ring.run("prepare");
  let isOver = false;
  const seen = new Set<string>();
  const read = async () => {
    while (!isOver) {
      const { keys } = parseRing((await readRingDirectory(ring.path)).files);
      expect(keys.filter(({ state }) => state === "active")).toHaveLength(1);
      seen.add(keys.map(({ keyId, state }) => `${keyId} ${state}`).join());
    }
  };
  const readers = [read(), read()];
  try {
    for (let round = 0; round < 15; round += 1) {
      await ring.run("activate", { force: true });
      await ring.run("retire", { force: true });
      await ring.run("prepare");
    }
  } finally {
    isOver = true;
  }
  await Promise.all(readers);
  expect(seen.size).toBeGreaterThan(5);
});

test("a mounted Secret is read, and its change is seen as one", async () => {
  const next = generateSigningKey();
  mountSecret(ring.path, threeFiles(ring.first));
  expect(parseRing((await readRingDirectory(ring.path)).files).keys[0]?.keyId).toBe(ring.first.keyId);
  mountSecret(ring.path, threeFiles(next));
  expect(parseRing((await readRingDirectory(ring.path)).files).keys[0]?.keyId).toBe(next.keyId);
});

test("of a set that is exchanged, links that are not there yet or not there any more make no difference", async () => {
  await ring.run("prepare");
  for (const name of readdirSync(ring.path).filter((file) => file.startsWith("key-"))) rmSync(join(ring.path, name));
  symlinkSync("..data/key-gone.public.pem", join(ring.path, "key-gone.public.pem"));
  expect(await ring.states()).toEqual(["active", "next"]);
  await ring.run("activate", { force: true });
  expect(existsSync(join(ring.path, `key-${ring.first.keyId}.public.pem`))).toBe(true);
  expect(() => lstatSync(join(ring.path, "key-gone.public.pem"))).toThrow("ENOENT");
});

test("private halves are for their owner alone, and the names are those of the files that are there", async () => {
  await ring.run("prepare");
  const set = join(ring.path, readlinkSync(join(ring.path, "..data")));
  expect(statSync(set).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(set)) {
    const isPrivate = name.endsWith("signing.pem");
    expect([name, statSync(join(set, name)).mode & 0o777]).toEqual([name, isPrivate ? 0o400 : 0o444]);
    expect(readlinkSync(join(ring.path, name))).toBe(`..data/${name}`);
  }
});

test("the names can be keys of a Kubernetes Secret", async () => {
  await ring.run("prepare");
  await ring.run("activate", { force: true });
  const names = readdirSync(join(ring.path, "..data"));
  expect(names.filter((name) => !/^[-._a-zA-Z0-9]{1,253}$/.test(name) || name.startsWith(".."))).toEqual([]);
});

test("a mounted Secret is not changed in its place", async () => {
  mountSecret(ring.path, threeFiles(ring.first));
  const before = readdirSync(ring.path).sort();
  await expect(ring.run("prepare")).rejects.toThrow(`${ring.path}: it is a mounted Secret`);
  expect(readdirSync(ring.path).sort()).toEqual([...before, "..lock"].sort());
});

test("files that are links to another place are not changed from here", async () => {
  using elsewhere = new KeyDirectory();
  ring.remove("signing.pem");
  symlinkSync(join(elsewhere.path, "signing.pem"), join(ring.path, "signing.pem"));
  ring.put({ "public.pem": elsewhere.first.public, kid: elsewhere.first.keyId });
  expect(await ring.idsOf("active")).toEqual([elsewhere.first.keyId]);
  await expect(ring.run("prepare")).rejects.toThrow(/signing\.pem: a link/);
});

test("two commands at once do not mix: one is done, the other says why not", async () => {
  using _claim = await claimDirectory(ring.path);
  await expect(ring.run("prepare")).rejects.toThrow("another `keys` command is changing the ring");
  expect(await ring.states()).toEqual(["active"]);
});

test("ten prepares at once make one key", async () => {
  const runs = await Promise.allSettled(Array.from({ length: 10 }, () => ring.run("prepare")));
  expect(runs.some(({ status }) => status === "fulfilled")).toBe(true);
  expect(await ring.states()).toEqual(["active", "next"]);
});

test.each([
  ["a directory that is not there", "nowhere", /there is no such directory; generate-certs makes a first key/],
  ["a file in its place", "kid", /there is no such directory/],
])("%s is an error that says what to do", async (_what, name, says) => {
  const directory = join(ring.path, name);
  await expect(changeKeys({ command: "prepare", directory, clock: ring.clock })).rejects.toThrow(says);
});

test("a directory without keys is refused, and none is made in it", async () => {
  using empty = new KeyDirectory({ isEmpty: true });
  await expect(empty.run("prepare")).rejects.toThrow(/incomplete, signing.pem and public.pem and kid missing/);
  expect(readdirSync(empty.path)).toEqual(["..lock"]);
});

test("links that lead nowhere are an error, not a loop", async () => {
  symlinkSync("..gone", join(ring.path, "..data"));
  await expect(ring.states()).rejects.toThrow(/links lead nowhere/);
});

test("a file in the directory's place is named", async () => {
  rmSync(ring.path, { recursive: true });
  writeFileSync(ring.path, "");
  await expect(ring.run("prepare")).rejects.toThrow(`${ring.path}: there is no`);
});

test("other files in the directory are left alone", async () => {
  writeFileSync(join(ring.path, "README.md"), "keys");
  await ring.run("prepare");
  await ring.run("activate", { force: true });
  expect(ring.read("README.md")).toBe("keys");
});
