import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { SandboxPrincipal } from "../../core/principal.ts";
import { refused, type Verdict } from "../../core/refusal.ts";
import type { TokenChecks } from "../../tokens/index.ts";
import { type Authenticator, decline, type Outcome } from "../authenticator.ts";
import { parseToken } from "./parse.ts";
import { peekKeyId } from "./peek.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

export interface SandboxJwtOptions {
  readonly tokens: TokenChecks;
  /**
   * How many tokens are remembered as verified, 200,000 where nothing is said. Where more are in use, each call verifies a
   * signature, so it should be twice the number of sandboxes; one that is remembered takes half a KiB.
   */
  readonly remembered?: number;
  readonly clock?: Clock;
}

const refreshMethod = `${OpenShell.typeName}/${OpenShell.method.refreshSandboxToken.name}`;

/**
 * Knows the gateway's own tokens (requirement A2). A token that names another key declines, so that other issuers can
 * share the header; one that names ours is held to everything, and refused where anything is wrong. The signature is
 * verified once, then looked up, and not at all where this process made it; whether the token is still in its time and not revoked is asked every time. One whose
 * key only another replica has yet is told to come again (requirement T2).
 */
export function createSandboxJwtAuthenticator(options: SandboxJwtOptions): Authenticator {
  const { tokens, remembered = 200_000, clock = systemClock } = options;
  const verified = new VerifiedTokens({ capacity: remembered, clock });
  tokens.onMinted((token, principal) => verified.add(verified.digest(token.reveal()), principal));

  /** The token's principal, verified now or before; undefined where the token is not ours. */
  function recall(bearer: string, digest: string): Verdict<SandboxPrincipal> | undefined {
    const known = verified.get(digest);
    if (known && tokens.recognises(known.credential.keyId)) return { ok: true, value: known };
    const keyId = peekKeyId(bearer) ?? "";
    if (!tokens.recognises(keyId)) return tokens.awaitsKey(keyId) ? judgeEarly(bearer) : undefined;
    const parsed = parseToken(bearer);
    if (!parsed.ok) return parsed;
    const verdict = tokens.verify(parsed.value);
    if (verdict.ok) verified.add(digest, verdict.value);
    return verdict;
  }

  function judgeEarly(bearer: string): Verdict<SandboxPrincipal> | undefined {
    const parsed = parseToken(bearer);
    const isEarly = parsed.ok && tokens.isSignedElsewhere(parsed.value.keyId, parsed.value.payload["jti"]);
    return isEarly ? refused("keys-missing") : undefined;
  }

  return {
    name: "sandbox-jwt",
    authenticate({ bearer, method }) {
      if (bearer === undefined) return decline;
      const digest = verified.digest(bearer);
      const principal = recall(bearer, digest);
      if (!principal) return decline;
      if (!principal.ok) return outcomeOf(principal);
      const admitted = tokens.admit(principal.value, method === refreshMethod ? "refresh" : "call");
      return "then" in admitted ? admitted.then(outcomeOf) : outcomeOf(admitted);
    },
  };
}

function outcomeOf(verdict: Verdict<SandboxPrincipal>): Outcome {
  return verdict.ok ? { kind: "accept", principal: verdict.value } : { kind: "refuse", reason: verdict.reason };
}
