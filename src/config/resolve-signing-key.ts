import { join } from "node:path";
import type { Problems } from "./config-error.ts";
import { readableFile, unreadable } from "./files.ts";
import type { SigningKeyConfig } from "./gateway-config.ts";
import type { Settings } from "./setting.ts";

/** The three files of the signing key: all of them named, or all where `generate-certs` puts them (requirement T2). */
export async function resolveSigningKey(
  { signingKeyPath, publicKeyPath, kidPath, dev }: Settings,
  tlsDir: string,
  problems: Problems,
): Promise<SigningKeyConfig> {
  const [signing, publicKey, keyId] = ["signing.pem", "public.pem", "kid"].map((name) => join(tlsDir, "jwt", name)) as [
    string,
    string,
    string,
  ];
  const named = { signing_key_path: signingKeyPath, public_key_path: publicKeyPath, kid_path: kidPath };
  const said = Object.values(named).find(({ value }) => value !== undefined);
  if (said) {
    const missing = Object.entries(named).filter(([, { value }]) => value === undefined);
    for (const [key] of missing) problems.add(said.where ?? "", `gateway_jwt.${key} is missing beside it`);
    for (const setting of Object.values(named)) await readableFile(setting, problems);
    return {
      signing: signingKeyPath.value ?? signing,
      public: publicKeyPath.value ?? publicKey,
      keyId: kidPath.value ?? keyId,
      toBeMade: false,
    };
  }
  const missing = await unreadable([signing, publicKey, keyId]);
  const hasRing = (await unreadable([join(tlsDir, "jwt", "ring.json")])).length === 0;
  const toBeMade = missing.length === 3 && dev.value && !hasRing;
  if (missing.length > 0 && (missing.length < 3 || hasRing)) {
    problems.add(join(tlsDir, "jwt"), `the signing key is incomplete, cannot read ${missing.join(", ")}`);
  } else if (missing.length === 3 && !toBeMade) {
    problems.add(
      join(tlsDir, "jwt"),
      `there is no signing key: run generate-certs --output-dir ${tlsDir}, name one in [openshell.gateway.gateway_jwt], or start with --dev`,
    );
  }
  return { signing, public: publicKey, keyId, toBeMade };
}
