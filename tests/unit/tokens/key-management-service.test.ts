import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, connect as open } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKeyRing, createSigner, type RingKey } from "../../../src/tokens/index.ts";
import { partsOf, startTokens } from "../../support/tokens.ts";

/** Signs for whoever connects: one message in, its signature out. Its key is nowhere else. */
const { privateKey } = generateKeyPairSync("ed25519");
const { keyId } = createSigner(privateKey);
let isDown = false;
const service = createServer((socket) => {
  socket.once("data", (bytes) => (isDown ? socket.destroy() : socket.end(sign(null, bytes, privateKey))));
});
let port: number;
beforeAll(async () => {
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  port = (service.address() as { port: number }).port;
});
afterAll(() => void service.close());

async function signElsewhere(bytes: Uint8Array): Promise<Uint8Array> {
  const socket = open(port, "127.0.0.1");
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const signature = Buffer.concat(chunks);
  if (signature.length !== 64) throw new Error("the key management service gave no signature");
  return signature;
}

const kept: RingKey = {
  keyId,
  state: "active",
  publicKey: createPublicKey(privateKey),
  signer: { keyId, sign: signElsewhere },
};

test("a key that is in a service elsewhere signs tokens, and the lost answer of a refresh is the same to the byte", async () => {
  await using gateway = await startTokens({ keys: createKeyRing([kept]) });
  const { token, text } = await gateway.issued();
  expect(partsOf(text).header).toMatchObject({ kid: keyId, alg: "EdDSA" });
  expect(await gateway.present(token)).toMatchObject({ ok: true });
  const answered = await gateway.refresh(token);
  const again = await gateway.refresh(token);
  expect(again.token.reveal()).toBe(answered.token.reveal());
  expect(await gateway.present(answered.token)).toMatchObject({ ok: true });
});

test("while the service is down, callers are told to try again, and what they hold still refreshes", async () => {
  await using gateway = await startTokens({ keys: createKeyRing([kept]) });
  const { token, sandboxId } = await gateway.issued();
  isDown = true;
  try {
    await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "keys-missing", code: "unavailable" });
    await expect(gateway.tokens.issue(sandboxId, "renewed")).rejects.toMatchObject({ reason: "keys-missing" });
    expect(await gateway.present(token)).toMatchObject({ ok: true });
  } finally {
    isDown = false;
  }
  await gateway.refresh(token);
});
