import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const spelling = /^[!-~]{1,63}$/;

/**
 * The name that this gateway keeps over restarts where none is configured: made once, after the machine's name, and kept
 * in the state directory (0600). Two that start there at once get the same one.
 * @throws Error that says what to do, where the file holds no name or cannot be had.
 */
export async function lastingReplicaName(stateDir: string, hostname: string): Promise<string> {
  const path = join(stateDir, "gateway", "replica-name");
  try {
    const name = ((await readIfThere(path)) ?? (await keep(path, newName(hostname)))).trim();
    if (spelling.test(name)) return name;
  } catch (cause) {
    throw new Error("this gateway's name cannot be kept; set OPENSHELL_REPLICA_NAME", { cause });
  }
  throw new Error(`${path} holds no name; remove it, or set OPENSHELL_REPLICA_NAME`);
}

function newName(hostname: string): string {
  const [first = ""] = hostname.toLowerCase().split(".");
  const plain = first.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return `${plain.slice(0, 40) || "gateway"}-${randomBytes(4).toString("hex")}`;
}

/** Puts the name in its place, whole and on the disk, unless another one came first. Resolves to the one that is there. */
async function keep(path: string, name: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(8).toString("hex")}.partial`;
  try {
    await writeDurably(draft, `${name}\n`);
    // Unlike a rename, a link fails where somebody has made the file meanwhile.
    await link(draft, path);
    await flush(dirname(path));
    return name;
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
    return await readFile(path, "utf8");
  } finally {
    await rm(draft, { force: true });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function flush(directory: string): Promise<void> {
  await using handle = await open(directory, "r");
  await handle.sync();
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && "code" in thrown ? thrown.code : undefined);
