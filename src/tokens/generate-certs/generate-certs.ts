import { resolve } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Secret } from "../../core/secret.ts";
import { generateSigningKey } from "../signing-key.ts";
import { makeCertificates } from "./certificates.ts";
import { certificateSet, type FileSet, isPresent, signingKeySet } from "./file-set.ts";
import { serverNames } from "./server-names.ts";
import { type Contents, writeSet } from "./write-set.ts";

interface GenerateCertsOptions {
  /** Gets `jwt/{signing.pem,public.pem,kid}`, `ca.crt` and `{server,client}/{tls.crt,tls.key}`. Made where it is absent. */
  readonly outputDir: string;
  /** Leaves certificates alone. */
  readonly jwtOnly?: boolean;
  /** Names of the server besides those that every server certificate has. */
  readonly serverSans?: readonly string[];
  /** Says what would be made, and makes nothing. */
  readonly dryRun?: boolean;
  readonly clock: Clock;
}

export interface SetReport {
  readonly name: string;
  readonly outcome: "made" | "kept" | "would be made";
  readonly directory: string;
  readonly paths: readonly string[];
}

/**
 * Makes what a gateway on one machine needs, and keeps what is there already (requirement T2). Nothing is ever replaced.
 * @throws Error that names what is missing where a set is incomplete, before anything is written.
 */
export async function generateCerts(options: GenerateCertsOptions): Promise<SetReport[]> {
  const { jwtOnly = false, serverSans = [], dryRun = false, clock } = options;
  const directory = resolve(options.outputDir);
  const names = serverNames(serverSans);
  const recipes: Recipe[] = [{ set: signingKeySet, make: makeSigningKey }];
  if (!jwtOnly) recipes.push({ set: certificateSet, make: () => makeTls(names, clock) });

  const absent = new Set<FileSet>();
  for (const { set } of recipes) if (!(await isPresent(directory, set))) absent.add(set);

  const reports: SetReport[] = [];
  for (const { set, make } of recipes) {
    const made = absent.has(set) && (dryRun || (await makeUnlessPresent(directory, set, make)));
    const outcome = made ? (dryRun ? "would be made" : "made") : "kept";
    reports.push({ name: set.name, outcome, directory, paths: set.paths });
  }
  return reports;
}

/** Makes a signing key in `<directory>/jwt` where there is none. Rejects as {@link generateCerts} does. */
export async function ensureSigningKeys(directory: string): Promise<SetReport["outcome"]> {
  if (await isPresent(directory, signingKeySet)) return "kept";
  return (await makeUnlessPresent(directory, signingKeySet, makeSigningKey)) ? "made" : "kept";
}

interface Recipe {
  readonly set: FileSet;
  readonly make: () => Promise<Contents>;
}

/** False where somebody else made the set meanwhile: theirs stays, ours is forgotten. */
async function makeUnlessPresent(directory: string, set: FileSet, make: Recipe["make"]): Promise<boolean> {
  try {
    await writeSet(directory, await make());
    return true;
  } catch (cause) {
    if (await isPresent(directory, set)) return false;
    throw cause;
  }
}

async function makeSigningKey(): Promise<Contents> {
  const key = generateSigningKey();
  return new Map<string, string | Secret>([
    ["jwt/signing.pem", key.signing],
    ["jwt/public.pem", key.public],
    ["jwt/kid", `${key.keyId}\n`],
  ]);
}

async function makeTls(names: ReturnType<typeof serverNames>, clock: Clock): Promise<Contents> {
  const { ca, server, client } = await makeCertificates(names, clock.now());
  return new Map<string, string | Secret>([
    ["server/tls.crt", server.certificate],
    ["server/tls.key", server.key],
    ["client/tls.crt", client.certificate],
    ["client/tls.key", client.key],
    ["ca.crt", ca],
  ]);
}
