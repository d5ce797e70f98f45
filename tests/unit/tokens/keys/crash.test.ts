import { cpSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateSigningKey } from "../../../../src/tokens/index.ts";
import { type Disk, disk } from "../../../../src/tokens/keys/disk.ts";
import { changeKeys, type KeysCommand, listKeys } from "../../../../src/tokens/keys/index.ts";
import { KeyDirectory, threeFiles } from "../../../support/key-directory.ts";

let ring: KeyDirectory;
beforeEach(() => {
  ring = new KeyDirectory();
});
afterEach(() => ring[Symbol.dispose]());

/** A disk that does so many steps, and then nothing more: the machine is off. */
function diskThatStopsAfter(steps: number): Disk & { readonly hadEnough: boolean } {
  let left = steps;
  let stopped = false;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (left === 0) stopped = true;
    if (stopped) throw new Error("the machine is off");
    left -= 1;
    return work();
  };
  return {
    get hadEnough() {
      return !stopped;
    },
    makeDirectory: (path) => step(() => disk.makeDirectory(path)),
    write: (path, content) => step(() => disk.write(path, content)),
    link: (target, path) => step(() => disk.link(target, path)),
    rename: (from, to) => step(() => disk.rename(from, to)),
    remove: (path) => step(() => disk.remove(path)),
    sync: (directory) => step(() => disk.sync(directory)),
  };
}

const steps: [string, KeysCommand[], KeysCommand, string[]][] = [
  ["the first command, which makes a set of loose files", [], "prepare", ["active", "next"]],
  ["activate", ["prepare"], "activate", ["active", "retiring"]],
  ["prepare beside a retiring key", ["prepare", "activate"], "prepare", ["active", "next", "retiring"]],
  ["retire", ["prepare", "activate"], "retire", ["active", "retired"]],
  ["revoke of the active key", ["prepare"], "revoke", ["active", "revoked"]],
  ["revoke of the only key", [], "revoke", ["active", "revoked"]],
];

test.each(steps)(
  "a crash at any step of %s leaves the ring of before or the one of after",
  async (_what, way, last, after) => {
    for (const command of way) await ring.run(command, { force: true });
    const statesOf = async (path: string) => (await listKeys(path, ring.clock)).map(({ state }) => state).sort();
    const before = await statesOf(ring.path);
    const keyId = last === "revoke" ? { keyId: (await ring.idsOf("active"))[0]! } : {};
    const outcomes: boolean[] = [];
    for (let count = 0; ; count += 1) {
      using crashed = new KeyDirectory({ isEmpty: true, clock: ring.clock });
      cpSync(ring.path, crashed.path, { recursive: true, verbatimSymlinks: true });
      const failing = diskThatStopsAfter(count);
      const run = changeKeys({
        command: last,
        directory: crashed.path,
        clock: ring.clock,
        force: true,
        disk: failing,
        ...keyId,
      });
      await run.catch(() => undefined);

      const found = await statesOf(crashed.path);
      expect([before, after.sort()], `after ${count} steps`).toContainEqual(found);
      outcomes.push(JSON.stringify(found) === JSON.stringify(before));
      if (failing.hadEnough) break;

      // Whoever comes after finds nothing in the way, and cleans up.
      await crashed.run("prepare");
      await crashed.run("activate", { force: true });
      expect(await crashed.idsOf("active")).toHaveLength(1);
      const sets = readdirSync(crashed.path).filter((name) => name.startsWith("..keys-"));
      expect(sets).toEqual([readlinkSync(join(crashed.path, "..data"))]);
    }
    // It is one step that makes the difference: all before it leave the ring as it was, all after it as it is to be.
    expect(outcomes.length).toBeGreaterThan(8);
    expect(outcomes).toEqual([...outcomes].sort((a, b) => Number(b) - Number(a)));
    expect([outcomes[0], outcomes.at(-1)]).toEqual([true, false]);
  },
);

test("a crash at any step loses no key that verifies, whatever was to be done", async () => {
  await ring.run("prepare");
  const known = [...(await ring.idsOf("active")), ...(await ring.idsOf("next"))];
  for (let count = 0; ; count += 1) {
    using crashed = new KeyDirectory({ isEmpty: true, clock: ring.clock });
    cpSync(ring.path, crashed.path, { recursive: true, verbatimSymlinks: true });
    const failing = diskThatStopsAfter(count);
    await changeKeys({
      command: "activate",
      directory: crashed.path,
      clock: ring.clock,
      force: true,
      disk: failing,
    }).catch(() => undefined);
    const ids = (await listKeys(crashed.path, ring.clock)).map(({ kid }) => kid);
    expect(ids).toEqual(expect.arrayContaining(known));
    if (failing.hadEnough) break;
  }
});

test("files that were put over the links by hand are what counts, and the next command keeps them", async () => {
  await ring.run("prepare");
  const mine = generateSigningKey();
  rmSync(join(ring.path, "kid"));
  ring.put(threeFiles(mine));
  expect(await ring.idsOf("active")).toEqual([mine.keyId]);
  await ring.run("activate", { force: true });
  expect(await ring.idsOf("retiring")).toEqual([mine.keyId]);
  expect(readlinkSync(join(ring.path, "signing.pem"))).toBe("..data/signing.pem");
});
