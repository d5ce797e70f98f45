import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Secret } from "../core/secret.ts";
import { parseTokenText, TokenUnreadable } from "./token-text.ts";

const largest = 64 * 1024;

/** Reads that may in turn meet a file which the gateway replaces meanwhile. */
const mostReads = 100;

/**
 * Reads the token that the gateway keeps in a file (architecture, Delivery).
 * The file must be a plain one under one name, not a link, that nobody but its owner may touch (attack A-47).
 * @throws TokenUnreadable
 */
export async function readTokenFile(path: string): Promise<Secret> {
  for (let reads = 1; reads < mostReads; reads++) {
    const token = await readOnce(path);
    if (token !== "replaced") return token;
  }
  throw new TokenUnreadable(`token file ${path} is replaced again and again`);
}

/** The token, or that the file which was opened lost its name to a newer one before it was looked at. */
async function readOnce(path: string): Promise<Secret | "replaced"> {
  await using file = await openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { mode, size, nlink } = await plainFile(file, path);
  if ((mode & 0o077) !== 0) {
    throw new TokenUnreadable(`token file ${path} has mode ${octal(mode)}; expected 0400 or 0600`);
  }
  if (nlink === 0) return "replaced";
  if (nlink !== 1) throw new TokenUnreadable(`token file ${path} has ${nlink} names; expected one`);
  return parseTokenText(await readAtMost(file, size, path), `token file ${path}`);
}

/**
 * Reads a projected Kubernetes ServiceAccount token. The kubelet makes it a symbolic link and may let a group read it,
 * so neither is refused here.
 * @throws TokenUnreadable
 */
export async function readServiceAccountToken(path: string): Promise<Secret> {
  await using file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { size } = await plainFile(file, path);
  return parseTokenText(await readAtMost(file, size, path), `ServiceAccount token file ${path}`);
}

async function openFile(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const why = code === "ELOOP" ? "is a symbolic link; expected the file itself" : `cannot be opened (${code})`;
    throw new TokenUnreadable(`token file ${path} ${why}`, { cause: error });
  }
}

async function plainFile(file: FileHandle, path: string): Promise<{ mode: number; size: number; nlink: number }> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new TokenUnreadable(`token file ${path} is not a plain file`);
  return { mode: stats.mode & 0o7777, size: stats.size, nlink: stats.nlink };
}

async function readAtMost(file: FileHandle, size: number, path: string): Promise<string> {
  if (size > largest) throw new TokenUnreadable(`token file ${path} has ${size} bytes; expected a token`);
  return await file.readFile("utf8");
}

const octal = (mode: number): string => `0${mode.toString(8).padStart(3, "0")}`;
