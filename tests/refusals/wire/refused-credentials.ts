import type { KeyObject } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { readSigningKey } from "../../../src/tokens/index.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import type { HeaderLines } from "../../support/http-exchange.ts";
import { bearer, protocols, type WireAnswer } from "../../support/protocols.ts";
import { type Parts, partsOf, spell } from "../../support/tokens.ts";

/** A sandbox that lives, and all that an attacker could wish for: its token, and the gateway's own key. */
export interface Target extends Parts {
  readonly gateway: TestGateway;
  readonly sandbox: TestSandbox;
  /** Its token, which is good. */
  readonly token: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** A token with this header and payload, signed by the gateway's key; objects are written as JSON. */
  signed(header: unknown, payload: unknown): string;
}

export interface Attack {
  /** Begins with its id in the catalogue. */
  readonly name: string;
  /** What is presented: a token, or whole header lines. */
  present(target: Target): string | HeaderLines;
  /** What the caller is told, where it is not the one text that all bad tokens share. */
  readonly says?: string;
  /** What the audit log has as reason. */
  readonly reason?: string;
}

const { getSandboxConfig } = OpenShell.method;
const text = (part: unknown) => (typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part));

/**
 * Presents each credential to a whole gateway, over every protocol and for the sandbox's own configuration, so that
 * nothing but the credential is wrong; and the good token in between, so that a refusal proves something.
 */
export function refusesCredentials(attacks: readonly Attack[]): void {
  let target: Target;

  beforeAll(async () => {
    const gateway = await startTestGateway();
    const sandbox = await gateway.createSandbox("target");
    const token = await sandbox.token();
    const { privateKey, publicKey } = readSigningKey(gateway.signingKey);
    const signed = (header: unknown, payload: unknown) => spell(text(header), text(payload), privateKey);
    target = { gateway, sandbox, token, privateKey, publicKey, signed, ...partsOf(token) };
  });
  afterAll(() => target.gateway[Symbol.asyncDispose]());

  const call = (protocol: (typeof protocols)[number], headers: HeaderLines): Promise<WireAnswer> =>
    protocol.call(target.gateway.sandboxesUrl, getSandboxConfig, [{ sandboxId: target.sandbox.id }], { headers });

  test.each(attacks.map((attack) => [attack.name, attack] as const))("%s", async (_, attack) => {
    const presented = attack.present(target);
    const headers = typeof presented === "string" ? bearer(presented) : presented;
    for (const protocol of protocols) {
      const before = target.gateway.audited().length;
      const { code, message, answers } = await call(protocol, headers);
      expect({ code, message, answers }, protocol.name).toEqual({
        code: "unauthenticated",
        message: attack.says ?? "invalid token",
        answers: [],
      });
      const [line, ...more] = target.gateway.audited().slice(before);
      expect(line, protocol.name).toMatchObject({ event: "token.refused", principal: "anonymous", peer: "127.0.0.1" });
      if (attack.reason) expect(line?.["reason"]).toBe(attack.reason);
      expect(more).toEqual([]);
    }
  });

  test("the token that all of them were made from is served over every protocol", async () => {
    for (const protocol of protocols) {
      expect(await call(protocol, bearer(target.token)), protocol.name).toMatchObject({ code: "ok", answers: [{}] });
    }
  });
}
