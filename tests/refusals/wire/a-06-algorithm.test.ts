import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { base64Url } from "../../support/tokens.ts";
import { type Attack, refusesCredentials, type Target } from "./refused-credentials.ts";

const signingInput = ({ header, payload }: Target, alg: string) =>
  `${base64Url(JSON.stringify({ ...header, alg }))}.${base64Url(JSON.stringify(payload))}`;

const unsigned = ["none", "None", "nOnE"].map(
  (alg): Attack => ({
    name: `A-06: alg ${alg} without a signature`,
    present: (target) => `${signingInput(target, alg)}.`,
    reason: "token-malformed",
  }),
);

const publicKeyAsSecret = (["pem", "der", "jwk", "raw"] as const).map(
  (form): Attack => ({
    name: `A-07: HS256 with the public key as secret, as ${form}`,
    present(target) {
      const input = signingInput(target, "HS256");
      return `${input}.${createHmac("sha256", publicKeyIn(form, target)).update(input).digest("base64url")}`;
    },
    reason: "token-malformed",
  }),
);

function publicKeyIn(form: "pem" | "der" | "jwk" | "raw", { gateway, publicKey }: Target): string | Buffer {
  const der = publicKey.export({ format: "der", type: "spki" });
  switch (form) {
    case "pem":
      return gateway.signingKey.public;
    case "der":
      return der;
    case "jwk":
      return JSON.stringify(publicKey.export({ format: "jwk" }));
    case "raw":
      return der.subarray(-32);
  }
}

const otherKeys: Attack[] = [
  {
    name: "A-08: ES256 under our key's id",
    present(target) {
      const input = signingInput(target, "ES256");
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${base64Url(signature)}`;
    },
  },
  {
    name: "A-08: RS256 under our key's id",
    present(target) {
      const input = signingInput(target, "RS256");
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      return `${input}.${base64Url(sign("sha256", Buffer.from(input), privateKey))}`;
    },
  },
];

const otherSpellings = [
  ["A-08", "eddsa"],
  ["A-08", "EDDSA"],
  ["A-09", "Ed25519"],
  ["A-09", "ed25519"],
].map(
  ([id, alg]): Attack => ({
    name: `${id}: alg ${alg} with our own key's good signature`,
    present: ({ header, payload, signed }) => signed({ ...header, alg }, payload),
    reason: "token-malformed",
  }),
);

refusesCredentials([...unsigned, ...publicKeyAsSecret, ...otherKeys, ...otherSpellings]);
