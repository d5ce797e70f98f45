import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readServiceAccountToken, readTokenFile } from "../../../src/supervisor/token-file.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";

const token = madeToken();
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "token-file-"));
  path = join(directory, "sandbox.jwt");
});
afterEach(() => rm(directory, { recursive: true }));

test.each([0o400, 0o600])("a token in a file of mode %o is read, without the line's end", async (mode) => {
  await writeFile(path, `${token}\n`, { mode });
  expect((await readTokenFile(path)).reveal()).toBe(token);
});

test.each([0o440, 0o404, 0o640, 0o620, 0o644, 0o666])("A-47: a file of mode %o is refused", async (mode) => {
  await writeFile(path, token);
  await chmod(path, mode);
  await expect(readTokenFile(path)).rejects.toThrow(`has mode 0${mode.toString(8)}; expected 0400 or 0600`);
});

test("A-47: a symbolic link is refused, though what it names is a good file", async () => {
  await writeFile(`${path}.real`, token, { mode: 0o400 });
  await symlink(`${path}.real`, path);
  await expect(readTokenFile(path)).rejects.toThrow("is a symbolic link");
});

test("A-47: a file that has another name too is refused", async () => {
  await writeFile(`${path}.other`, token, { mode: 0o400 });
  await link(`${path}.other`, path);
  await expect(readTokenFile(path)).rejects.toThrow("has 2 names; expected one");
});

test("a missing file is refused with the system's code", async () => {
  await expect(readTokenFile(path)).rejects.toThrow(`token file ${path} cannot be opened (ENOENT)`);
});

test("a directory is refused", async () => {
  await mkdir(path, { mode: 0o700 });
  await expect(readTokenFile(path)).rejects.toThrow("is not a plain file");
});

test.each([
  ["an empty file", ""],
  ["half a token", token.slice(0, 20)],
  ["two tokens", `${token}\n${token}`],
  ["a control character", `${token.slice(0, -1)}\u0001`],
  ["64 KiB of text", "a".repeat(65_536)],
  ["more than 64 KiB", "a".repeat(70_000)],
])("A-47: %s is refused, and the message does not repeat it", async (_name, content) => {
  await writeFile(path, content, { mode: 0o400 });
  const failure = await readTokenFile(path).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "TokenUnreadable" });
  if (content !== "") expect(String(failure)).not.toContain(content.slice(0, 20));
});

test("a ServiceAccount token may be a symbolic link that a group reads, as the kubelet makes it", async () => {
  await writeFile(`${path}.data`, token, { mode: 0o640 });
  await symlink(`${path}.data`, path);
  expect((await readServiceAccountToken(path)).reveal()).toBe(token);
});

test("a file that the gateway replaces while it is read gives the old token or the new one, never an error", async () => {
  const token = madeToken({});
  const replace = async () => {
    await writeFile(`${path}.new`, token, { mode: 0o400 });
    await rename(`${path}.new`, path);
  };
  await replace();
  let over = false;
  const replacing = (async () => {
    while (!over) await replace();
  })();
  try {
    for (let read = 0; read < 300; read++) expect((await readTokenFile(path)).reveal()).toBe(token);
  } finally {
    over = true;
    await replacing;
  }
});
