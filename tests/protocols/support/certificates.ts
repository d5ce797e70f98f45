import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;

export interface Identity {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly cert: string;
  readonly key: string;
}

async function pem(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Identity> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const body = der.toString("base64").replace(/.{64}/g, "$&\n");
  const key = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
  return { certificate, keys, cert: certificate.toString("pem"), key };
}

const validity = () => ({ notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) });

export async function authority(name: string): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return pem(certificate, keys);
}

/** A certificate for 127.0.0.1 and localhost, good for servers and clients alike. */
export async function issued(by: Identity, name: string): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    ...validity(),
    subject: `CN=${name}`,
    issuer: by.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
    ],
  });
  return pem(certificate, keys);
}

export interface WrittenFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
  write(identity: Pick<Identity, "cert" | "key">, clientCa?: Pick<Identity, "cert">): Promise<void>;
}

export function filesIn(directory: string): WrittenFiles {
  const [certFile, keyFile, clientCaFile] = ["tls.crt", "tls.key", "ca.crt"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  return {
    certFile,
    keyFile,
    clientCaFile,
    async write({ cert, key }, clientCa) {
      await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
      if (clientCa) await writeFile(clientCaFile, clientCa.cert);
    },
  };
}
