import { randomUUID } from "node:crypto";
import { sandboxId } from "./sandbox-id.ts";

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token whose claims are as the gateway mints them. Nobody verifies its signature here. */
export function madeToken({
  family = randomUUID() as string,
  generation = 0,
  lifeMs = 3_600_000,
  now = Date.now(),
} = {}): string {
  const iat = Math.floor(now / 1000);
  const claims = {
    iss: "openshell-gateway:test",
    aud: "openshell-gateway:test",
    sub: `spiffe://openshell/sandbox/${sandboxId}`,
    sandbox_id: sandboxId,
    iat,
    exp: Math.floor((now + lifeMs) / 1000),
    jti: `${family}.${generation}`,
  };
  const header = { alg: "EdDSA", typ: "JWT", kid: "0123456789abcdef0123456789abcdef" };
  return `${encode(header)}.${encode(claims)}.${Buffer.alloc(64, 7).toString("base64url")}`;
}
