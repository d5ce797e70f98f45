import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { openStore } from "../../src/store/index.ts";
import { builtProgram } from "../support/built-program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const writer = builtProgram("store-writer");

type Writer = ChildProcessByStdio<Writable, Readable, null>;

const startWriter = (path: string): Writer =>
  spawn(process.execPath, [writer, path], { stdio: ["pipe", "pipe", "inherit"] });

/** Kills the writer in the midst of its work; resolves to the lines that it had written. */
async function killAfter(child: Writer, lines: number): Promise<string[]> {
  const heard: string[] = [];
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    heard.push(line);
    if (heard.length === lines) child.kill("SIGKILL");
  }
  await closed;
  expect(heard.length).toBeGreaterThanOrEqual(lines);
  return heard;
}

test("T6: whatever was acknowledged before a kill -9 is there after it, and nothing revoked comes back", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "gateway.db");
  const acknowledged: string[] = [];
  for (const lines of [1, 57, 400, 1003]) {
    acknowledged.push(...(await killAfter(startWriter(path), lines)));

    await using store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
    const families = new Map((await store.families.load(0)).map((family) => [family.familyId as string, family]));
    for (const line of acknowledged) {
      const [event, familyId = "", generation] = line.split(" ");
      const family = families.get(familyId);
      expect(family?.generation).toBeGreaterThanOrEqual(Number(generation));
      if (event === "revoked") expect(family?.revokedFor).toBe("operator");
    }
  }
});

test("a second gateway on the same database is refused while the first lives, and admitted after its kill -9", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "gateway.db");
  const child = startWriter(path);
  await once(child.stdout, "data");
  await expect(openStore({ database: { kind: "sqlite", path }, log: silentLog })).rejects.toThrow(
    `another gateway uses the database ${path}`,
  );

  const closed = once(child, "close");
  child.kill("SIGKILL");
  child.stdout.resume();
  await closed;
  await using store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
  await expect(store.check()).resolves.toBeUndefined();
});
