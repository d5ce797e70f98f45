import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { geteuid } from "node:process";
import { Secret } from "../../core/secret.ts";
import { errorCode } from "./error-code.ts";
import { tokenFileName } from "./layout.ts";
import { checkPrivateDirectory, makePrivateDirectory, syncDirectory } from "./private-directory.ts";

const temporaryPrefix = `.${tokenFileName}.`;
const maxBytes = 8192;
const oneLine = /^[\x21-\x7e]+\n$/;

/**
 * Replaces the token file in the directory, which is made where it is absent: a reader, a crash and a full disk all
 * find the old token or the new one, never a part (architecture, Delivery; A-47). The file is 0400, the directory 0700.
 * Calls for one directory must not overlap.
 */
export async function writeTokenFile(directory: string, token: Secret): Promise<void> {
  const temporary = join(directory, `${temporaryPrefix}${randomUUID()}`);
  try {
    await makePrivateDirectory(directory);
    await removeRemains(directory);
    await writeDurably(temporary, `${token.reveal()}\n`);
    await rename(temporary, join(directory, tokenFileName));
    await syncDirectory(directory);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new Error(`the token file in ${directory} could not be written: ${errorCode(cause)}`, { cause });
  }
}

export type TokenFile =
  | { readonly kind: "token"; readonly token: Secret }
  | { readonly kind: "absent" }
  /** Something is there that {@link writeTokenFile} did not leave like this. */
  | { readonly kind: "unfit"; readonly why: string };

/** What a supervisor would read. Links, files that others can read or write, and parts of a token are unfit. */
export async function readTokenFile(directory: string): Promise<TokenFile> {
  try {
    await checkPrivateDirectory(directory);
    await using file = await open(
      join(directory, tokenFileName),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const { mode, uid, nlink, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return unfit("it is not a file");
    if (uid !== geteuid?.()) return unfit("it belongs to another user");
    if ((mode & 0o077) !== 0) return unfit("others may read or write it");
    if (nlink !== 1) return unfit("it has a second name");
    if (size > maxBytes) return unfit("it is too long");
    const text = await file.readFile("utf8");
    return oneLine.test(text) ? { kind: "token", token: new Secret(text.slice(0, -1)) } : unfit("it is not one line");
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === "ENOENT") return { kind: "absent" };
    if (code === "ELOOP" || code === "ENOTDIR") return unfit("a link is in its place");
    throw thrown;
  }
}

const unfit = (why: string): TokenFile => ({ kind: "unfit", why });

async function writeDurably(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await using file = await open(path, flags, 0o400);
  await file.writeFile(text);
  await file.sync();
}

/** A crash between writing and renaming leaves a temporary file with a token in it. */
async function removeRemains(directory: string): Promise<void> {
  const remains = (await readdir(directory)).filter((name) => name.startsWith(temporaryPrefix));
  await Promise.all(remains.map((name) => rm(join(directory, name), { force: true })));
}
