import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Log } from "../../../src/core/log.ts";
import { startTokens } from "../../support/tokens.ts";

/** A log that keeps all that it is given, as text. */
function keepingLog(): { log: Log; text: () => string } {
  const lines: string[] = [];
  const keep = (fields: object, message: string) =>
    void lines.push(`${message} ${inspect(fields, { depth: 10 })} ${JSON.stringify(fields)}`);
  const log: Log = { trace: keep, debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return { log, text: () => lines.join("\n") };
}

test("T7: neither log, audit, counts, refusals nor the published keys hold a byte of a token or of the private key", async () => {
  const { log, text } = keepingLog();
  await using gateway = await startTokens({ log, deliver: () => Promise.reject(new Error("disk full")) });
  const { token, sandboxId } = await gateway.issued();
  await gateway.present(token);
  const { token: successor } = await gateway.refresh(token);
  await gateway.present(successor);
  await gateway.clock.advance(10_000);
  const thrown = [await gateway.refresh(token).catch((error: unknown) => error)];
  gateway.store.down.add("markPresented").add("rotate");
  const unlucky = await gateway.issued();
  await gateway.present(unlucky.token);
  thrown.push(await gateway.refresh(unlucky.token).catch((error: unknown) => error));
  await gateway.tokens.revokeSandbox(sandboxId, "sandbox-deleted");

  const seen = [
    text(),
    inspect(gateway.audited, { depth: 10 }),
    JSON.stringify(gateway.audited),
    JSON.stringify(gateway.tokens.stats()),
    JSON.stringify(gateway.tokens.jwks()),
    inspect(thrown, { depth: 10 }),
    inspect(gateway.tokens, { depth: 10, showHidden: true }),
    inspect(token),
  ].join("\n");
  expect(seen).toContain("a token could not be delivered");
  const { d } = gateway.key.privateKey.export({ format: "jwk" });
  for (const secret of [token, successor, unlucky.token]) {
    for (const part of secret.reveal().split(".").slice(1)) expect(seen).not.toContain(part.slice(0, 24));
  }
  expect(seen).not.toContain(d!);
});
