import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTokenFile, writeTokenFile } from "../../../../src/compute/process/token-file.ts";
import { Secret } from "../../../../src/core/secret.ts";

let root: string;
let auth: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "token-file-"));
  auth = join(root, "auth");
  file = join(auth, "sandbox.jwt");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (token: string) => writeTokenFile(auth, new Secret(token));
const asRoot = process.geteuid?.() === 0;

test("a token is one line in a file that its owner alone may read, in a directory of its own", async () => {
  await write("abc.def.ghi");
  expect(readFileSync(file, "utf8")).toBe("abc.def.ghi\n");
  expect(statSync(file).mode & 0o777).toBe(0o400);
  expect(statSync(auth).mode & 0o777).toBe(0o700);
  expect(readdirSync(auth)).toEqual(["sandbox.jwt"]);
});

test("a token that was written is read back", async () => {
  await write("abc");
  await write("def");
  expect(await readTokenFile(auth)).toEqual({ kind: "token", token: new Secret("def") });
  const read = await readTokenFile(auth);
  expect(read.kind === "token" && read.token.reveal()).toBe("def");
});

test("no token is absent, with and without the directory", async () => {
  expect(await readTokenFile(auth)).toEqual({ kind: "absent" });
  mkdirSync(auth, { mode: 0o700 });
  expect(await readTokenFile(auth)).toEqual({ kind: "absent" });
});

test("a reader sees the old token or the new one while it is replaced, never a part", async () => {
  const tokens = ["a", "b"].map((letter) => letter.repeat(2_000));
  await write(tokens[0]!);
  let writing = true;
  const seen = new Set<string>();
  const reading = (async () => {
    while (writing) {
      seen.add(readFileSync(file, "utf8"));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let round = 0; round < 50; round += 1) await write(tokens[round % 2]!);
  writing = false;
  await reading;
  expect([...seen].sort()).toEqual(tokens.map((token) => `${token}\n`));
});

describe("A-47", () => {
  test("a link in the file's place is replaced, and what it led to stays as it was", async () => {
    const elsewhere = join(root, "elsewhere");
    writeFileSync(elsewhere, "mine");
    mkdirSync(auth, { mode: 0o700 });
    symlinkSync(elsewhere, file);
    await write("abc");
    expect(readFileSync(elsewhere, "utf8")).toBe("mine");
    expect(readFileSync(file, "utf8")).toBe("abc\n");
  });

  test("a second name of the old file does not see the new token", async () => {
    await write("old");
    const second = join(root, "second");
    linkSync(file, second);
    await write("new");
    expect(readFileSync(second, "utf8")).toBe("old\n");
  });

  test("a link in the directory's place refuses", async () => {
    const elsewhere = join(root, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, auth);
    await expect(write("abc")).rejects.toThrow(/could not be written: E(NOTDIR|LOOP)/);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test.runIf(asRoot)("a directory of another user refuses", async () => {
    mkdirSync(auth, { mode: 0o700 });
    chownSync(auth, 65_534, 65_534);
    await expect(write("abc")).rejects.toThrow("could not be written");
    expect(readdirSync(auth)).toEqual([]);
  });

  test("a directory that others could enter is closed", async () => {
    mkdirSync(auth);
    chmodSync(auth, 0o777);
    await write("abc");
    expect(statSync(auth).mode & 0o777).toBe(0o700);
  });

  test("a full disk leaves the old token and no part of the new one", async () => {
    await write("old");
    const source = join(import.meta.dirname, "../../../../src");
    const script = `
      import { writeTokenFile } from ${JSON.stringify(join(source, "compute/process/token-file.ts"))};
      import { Secret } from ${JSON.stringify(join(source, "core/secret.ts"))};
      await writeTokenFile(${JSON.stringify(auth)}, new Secret("n".repeat(4000))).catch((error) => console.log(error.message));
    `;
    // A file may grow to 1 KiB here: the kernel takes the first part of the token and refuses the rest.
    const limited = `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"`;
    const { stdout } = spawnSync("bash", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    expect(stdout).toContain("could not be written: EFBIG");
    expect(readFileSync(file, "utf8")).toBe("old\n");
    expect(readdirSync(auth)).toEqual(["sandbox.jwt"]);
  });

  test("what a crash left between writing and renaming is cleared away", async () => {
    mkdirSync(auth, { mode: 0o700 });
    writeFileSync(join(auth, ".sandbox.jwt.0000"), "half a tok");
    await write("abc");
    expect(readdirSync(auth)).toEqual(["sandbox.jwt"]);
  });

  test("an error does not quote the token", async () => {
    writeFileSync(auth, "");
    const failure = await write("s3cr3t").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String((failure as Error).stack)).not.toContain("s3cr3t");
  });

  test.each<[string, (path: string) => void, string]>([
    ["a link", (path) => symlinkSync("/etc/hostname", path), "a link is in its place"],
    ["a directory", (path) => mkdirSync(path), "it is not a file"],
    ["a pipe", (path) => void execFileSync("mkfifo", ["-m", "0400", path]), "it is not a file"],
    [
      "a file that others can read",
      (path) => writeFileSync(path, "abc\n", { mode: 0o444 }),
      "others may read or write it",
    ],
    ["a file of two lines", (path) => writeFileSync(path, "abc\ndef\n", { mode: 0o400 }), "it is not one line"],
    ["half a token", (path) => writeFileSync(path, "ab", { mode: 0o400 }), "it is not one line"],
    ["an empty file", (path) => writeFileSync(path, "", { mode: 0o400 }), "it is not one line"],
    ["a long file", (path) => writeFileSync(path, `${"a".repeat(9_000)}\n`, { mode: 0o400 }), "it is too long"],
    [
      "a file with a second name",
      (path) => {
        writeFileSync(path, "abc\n", { mode: 0o400 });
        linkSync(path, join(root, "second"));
      },
      "it has a second name",
    ],
  ])("%s is not taken for a token", async (_what, put, why) => {
    mkdirSync(auth, { mode: 0o700 });
    put(file);
    expect(await readTokenFile(auth)).toEqual({ kind: "unfit", why });
  });

  test.runIf(asRoot)("a file of another user is not taken for a token", async () => {
    await write("abc");
    chownSync(file, 65_534, 65_534);
    expect(await readTokenFile(auth)).toEqual({ kind: "unfit", why: "it belongs to another user" });
  });

  test.runIf(asRoot)("another user cannot read it", async () => {
    await write("abc");
    chmodSync(root, 0o755);
    const reading = spawnSync("cat", [file], { uid: 65_534, gid: 65_534, encoding: "utf8" });
    expect(reading.status).not.toBe(0);
    expect(reading.stdout).toBe("");
    expect(existsSync(file)).toBe(true);
  });
});
