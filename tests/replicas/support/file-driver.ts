import { mkdirSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ComputeDriver } from "../../../src/compute/index.ts";
import type { SandboxId } from "../../../src/core/ids.ts";
import { Secret } from "../../../src/core/secret.ts";

/** Where a {@link FileDriver} keeps a sandbox's token. */
const tokenFile = (directory: string, id: string): string => join(directory, `${id}.jwt`);

/** A driver that runs nothing. Tokens are in files, so that they are there after the gateway was killed. */
export class FileDriver implements ComputeDriver {
  readonly name = "files";
  readonly version = "1";
  readonly delivery = "push";
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  validate(): undefined {
    return undefined;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  remove(id: SandboxId): Promise<void> {
    return rm(tokenFile(this.#directory, id), { force: true });
  }

  async deliverToken(id: SandboxId, token: Secret): Promise<void> {
    const path = tokenFile(this.#directory, id);
    await writeFile(`${path}.new`, token.reveal());
    await rename(`${path}.new`, path);
  }

  async deliveredToken(id: SandboxId): Promise<Secret | undefined> {
    const token = await readToken(this.#directory, id);
    return token === undefined ? undefined : new Secret(token);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The token that a supervisor would read now; undefined where there is none. */
export async function readToken(directory: string, id: string): Promise<string | undefined> {
  try {
    return await readFile(tokenFile(directory, id), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
