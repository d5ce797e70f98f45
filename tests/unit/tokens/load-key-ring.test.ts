import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateSigningKey, loadKeyRing } from "../../../src/tokens/index.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "key-ring-"));
});
afterEach(() => rm(directory, { recursive: true }));

const key = generateSigningKey();
const contents = { "signing.pem": key.signing.reveal(), "public.pem": key.public, kid: `${key.keyId}\n` };
type Name = keyof typeof contents;
const load = (from = directory) =>
  loadKeyRing({ signing: join(from, "signing.pem"), public: join(from, "public.pem"), keyId: join(from, "kid") });
const put = (...names: Name[]) => Promise.all(names.map((name) => writeFile(join(directory, name), contents[name])));

test("the three files make a ring of one active key, published without its private half", async () => {
  await put("signing.pem", "public.pem", "kid");
  const ring = await load();
  expect(ring.active.keyId).toBe(key.keyId);
  expect(ring.find(key.keyId)).toMatchObject({ state: "active" });
  const [jwk, ...others] = ring.jwks().keys;
  expect(others).toEqual([]);
  expect(jwk).toEqual({
    kty: "OKP",
    crv: "Ed25519",
    alg: "EdDSA",
    use: "sig",
    kid: key.keyId,
    x: expect.stringMatching(/^[\w-]{43}$/),
  });
});

test.each<[Name[], string]>([
  [[], "signing.pem and public.pem and kid missing"],
  [["signing.pem"], "public.pem and kid missing"],
  [["public.pem"], "signing.pem and kid missing"],
  [["kid"], "signing.pem and public.pem missing"],
  [["signing.pem", "public.pem"], "kid missing"],
  [["signing.pem", "kid"], "public.pem missing"],
  [["public.pem", "kid"], "signing.pem missing"],
])("with %j alone it says what is missing, and where", async (names, says) => {
  await put(...names);
  await expect(load()).rejects.toThrow(`${directory}: the signing key is incomplete, ${says}`);
});

test("files that do not belong together are refused, and the directory is named", async () => {
  await put("signing.pem", "public.pem", "kid");
  await writeFile(join(directory, "public.pem"), generateSigningKey().public);
  await expect(load()).rejects.toThrow(`${directory}: public.pem: not the public half of signing.pem`);
});

test("a directory in a file's place is an error, not a missing file", async () => {
  await expect(load("/dev/null")).rejects.toThrow();
});
