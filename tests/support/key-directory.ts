import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Secret } from "../../src/core/secret.ts";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { changeKeys, type KeysCommand, listKeys, type SigningKeyPaths } from "../../src/tokens/keys/index.ts";
import { FakeClock } from "./fake-clock.ts";

/** A key as `generate-certs` makes it. */
export type KeyFiles = ReturnType<typeof generateSigningKey>;

/** The three files of an active key, by name. */
export const threeFiles = ({ signing, public: publicPem, keyId }: KeyFiles): Record<string, string> => ({
  "signing.pem": signing.reveal(),
  "public.pem": publicPem,
  kid: `${keyId}\n`,
});

/** A directory of keys, and what an operator does with it. It starts with the three files of one key. */
export class KeyDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "openshell-keys-"));
  readonly first = generateSigningKey();
  readonly clock: FakeClock;
  readonly paths: SigningKeyPaths;

  constructor({ clock = new FakeClock(), isEmpty = false } = {}) {
    this.clock = clock;
    const at = (name: string) => join(this.path, name);
    this.paths = { signing: at("signing.pem"), public: at("public.pem"), keyId: at("kid") };
    if (!isEmpty) this.put(threeFiles(this.first));
  }

  /** Replaces single files, each in one step. */
  put(files: Readonly<Record<string, string | Secret>>): void {
    for (const [name, content] of Object.entries(files)) {
      const aside = join(this.path, ".aside");
      writeFileSync(aside, typeof content === "string" ? content : content.reveal());
      renameSync(aside, join(this.path, name));
    }
  }

  remove(...names: string[]): void {
    for (const name of names) rmSync(join(this.path, name), { recursive: true });
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  /** Runs a command at the time of the directory's clock. */
  run(command: KeysCommand, options: { keyId?: string; force?: boolean } = {}): Promise<string> {
    return changeKeys({ command, directory: this.path, clock: this.clock, ...options });
  }

  /** The ids of the keys that are in a state. */
  async idsOf(state: string): Promise<string[]> {
    const keys = await listKeys(this.path, this.clock);
    return keys.filter((key) => key.state === state).map(({ kid }) => kid);
  }

  /** Each key as `state`, in the order of the list. */
  async states(): Promise<string[]> {
    return (await listKeys(this.path, this.clock)).map(({ state }) => state);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a Secret would hold that was made of the ring's files. */
export function secretOf({ path }: KeyDirectory): Record<string, string> {
  const set = existsSync(join(path, "..data")) ? join(path, "..data") : path;
  const names = readdirSync(set, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith(".."),
  );
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(set, name), "utf8")]));
}

/** Makes these the files of a directory as a kubelet does that mounts a Secret: a set aside, then one link to it. */
export function mountSecret(directory: string, files: Readonly<Record<string, string>>): void {
  const set = mkdtempSync(join(directory, "..2026_01_01_"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(set, name), content);
  symlinkSync(set.slice(directory.length + 1), join(directory, "..data_tmp"));
  renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  for (const name of Object.keys(files)) {
    rmSync(join(directory, name), { force: true });
    symlinkSync(join("..data", name), join(directory, name));
  }
}
