import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function parts(token: string): [header: Record<string, unknown>, claims: Record<string, unknown>] {
  const [header, claims] = token.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  return [header, claims];
}

function spell(header: object, claims: object, key: KeyObject): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

/** The same token for another sandbox, signed by somebody else's key under the gateway's key id. */
export function forgeFor(sandboxId: string, token: string): string {
  const [header, claims] = parts(token);
  const forged = { ...claims, sub: `spiffe://openshell/sandbox/${sandboxId}`, sandbox_id: sandboxId };
  return spell(header, forged, generateKeyPairSync("ed25519").privateKey);
}

/** The same token as it would be two hours later: signed by the gateway's own key, and expired. */
export async function expire(token: string, stateDir: string): Promise<string> {
  const [header, claims] = parts(token);
  const key = createPrivateKey(await readFile(join(stateDir, "tls", "jwt", "signing.pem")));
  const back = (claim: string) => Number(claims[claim]) - 7_200;
  return spell(header, { ...claims, iat: back("iat"), exp: back("exp") }, key);
}
