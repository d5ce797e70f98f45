import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { newKey, refusedFor, spell, startTokens } from "../support/tokens.ts";

const attacker = newKey();
const jwk = { ...attacker.publicKey.export({ format: "jwk" }), alg: "EdDSA", use: "sig" };

test("A-12: a token that brings its own key is refused, whoever signed it", async () => {
  await using gateway = await startTokens();
  const { header, payload } = await gateway.issued();
  const withKey = JSON.stringify({ ...header, jwk });
  const byAttacker = spell(withKey, JSON.stringify(payload), attacker.privateKey);
  expect(await gateway.present(byAttacker)).toEqual(refusedFor("token-malformed"));
  const byUs = spell(withKey, JSON.stringify(payload), gateway.key.privateKey);
  expect(await gateway.present(byUs)).toEqual(refusedFor("token-malformed"));
});

test("A-12: a token that says where its key is makes nobody go there", async () => {
  let visits = 0;
  const server = createServer((_request, response) => {
    visits += 1;
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using gateway = await startTokens();
  const { header, payload } = await gateway.issued();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  for (const pointer of [{ jku: url }, { x5u: url }, { x5c: ["MIIB"] }, { x5t: "AA" }]) {
    const text = JSON.stringify({ ...header, ...pointer });
    for (const key of [attacker.privateKey, gateway.key.privateKey]) {
      const token = spell(text, JSON.stringify(payload), key);
      expect(await gateway.present(token), text).toEqual(refusedFor("token-malformed"));
    }
  }
  await new Promise((resolve) => server.close(resolve));
  expect(visits).toBe(0);
});
