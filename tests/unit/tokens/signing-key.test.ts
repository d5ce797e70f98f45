import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { generateSigningKey, readSigningKey } from "../../../src/tokens/index.ts";

const files = generateSigningKey();
const other = generateSigningKey();
const pem = (der: Buffer, label = "PRIVATE KEY") =>
  new Secret(`-----BEGIN ${label}-----\n${der.toString("base64")}\n-----END ${label}-----\n`);
const derOf = (secret: Secret) => Buffer.from(secret.reveal().replace(/-----[^-]+-----|\s/g, ""), "base64");
const seed = derOf(files.signing).subarray(16);
const publicBytes = Buffer.from(files.public.replace(/-----[^-]+-----|\s/g, ""), "base64").subarray(12);
const head = { plain: "3051020101300506032b657004220420", constructed: "3053020101300506032b657004220420" };
const versionTwo = (publicKey = publicBytes) =>
  Buffer.concat([Buffer.from(head.plain, "hex"), seed, Buffer.from("812100", "hex"), publicKey]);

test("a key that was made is read again, and its id is derived from it", () => {
  const key = readSigningKey(files);
  expect(key.keyId).toBe(files.keyId);
  expect(files.keyId).toMatch(/^[0-9a-f]{32}$/);
  expect(files.signing.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(files.public).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
});

test("two keys that were made differ in everything", () => {
  expect(other.keyId).not.toBe(files.keyId);
  expect(other.signing.equals(files.signing)).toBe(false);
});

test.each([
  ["PKCS#8 version 2, with the public key inside", versionTwo()],
  [
    "the same with the public key wrapped",
    Buffer.concat([Buffer.from(head.constructed, "hex"), seed, Buffer.from("a123032100", "hex"), publicBytes]),
  ],
])("a signing key in %s is read, and is the same key", (_form, der) => {
  const key = readSigningKey({ ...files, signing: pem(der) });
  expect(key.privateKey.export({ format: "der", type: "pkcs8" })).toEqual(derOf(files.signing));
});

test("line breaks of other systems and white space around are read", () => {
  const crlf = files.signing.reveal().replaceAll("\n", "\r\n");
  const key = readSigningKey({
    signing: new Secret(`\n${crlf}\n\n`),
    public: `${files.public}\n`,
    keyId: ` ${files.keyId}\n`,
  });
  expect(key.keyId).toBe(files.keyId);
});

test.each(["legacy-1", "a", "A.b_c-9", "f".repeat(64)])("an installation keeps its own key id %j", (keyId) => {
  expect(readSigningKey({ ...files, keyId }).keyId).toBe(keyId);
});

test.each(["", " \n", "a b", "a/b", "../x", "ä", "f".repeat(65), "a\nb"])("key id %j is refused", (keyId) => {
  expect(() => readSigningKey({ ...files, keyId })).toThrow(/^kid: expected/);
});

describe("a signing key is refused", () => {
  const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { privateKey: ec } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { privateKey: x25519 } = generateKeyPairSync("x25519");
  const good = derOf(files.signing);

  test.each<[string, Secret]>([
    ["that is empty", new Secret("")],
    ["that is no PEM", new Secret("secret")],
    ["that is a public key", new Secret(files.public)],
    ["in another PEM label", pem(good, "ED25519 PRIVATE KEY")],
    ["that is encrypted", new Secret(files.signing.reveal().replaceAll("PRIVATE", "ENCRYPTED PRIVATE"))],
    ["of RSA", new Secret(rsa.export({ format: "pem", type: "pkcs8" }) as string)],
    ["of P-256", new Secret(ec.export({ format: "pem", type: "pkcs8" }) as string)],
    ["of X25519", new Secret(x25519.export({ format: "pem", type: "pkcs8" }) as string)],
    ["that is cut off", pem(good.subarray(0, -1))],
    ["with a byte more", pem(Buffer.concat([good, Buffer.alloc(1)]))],
    ["of version 2 that is cut off", pem(versionTwo().subarray(0, -1))],
    ["of version 2 with another public key inside", pem(versionTwo(Buffer.alloc(32, 7)))],
    ["of version 2 without its public key", pem(versionTwo().subarray(0, 48))],
    ["twice in one file", new Secret(files.signing.reveal().repeat(2))],
  ])("%s, without a byte of it in the message", (_what, signing) => {
    const read = () => readSigningKey({ ...files, signing });
    expect(read).toThrow(/^signing\.pem: /);
    try {
      read();
    } catch (thrown) {
      const said = `${thrown} ${(thrown as Error).stack} ${(thrown as Error).cause}`;
      expect(said).not.toContain(seed.toString("base64").slice(0, 12));
      expect(said).not.toContain(files.signing.reveal().split("\n")[1]!.slice(-12));
    }
  });
});

test.each([
  ["is empty", ""],
  ["is the private key", files.signing.reveal()],
  ["is another key's", other.public],
  [
    "is of another kind",
    generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "pem", type: "spki" }) as string,
  ],
  ["is cut off", files.public.slice(0, 60)],
])("a public key that %s is refused", (_what, publicPem) => {
  expect(() => readSigningKey({ ...files, public: publicPem })).toThrow(/^public\.pem: /);
});
