import type * as X509 from "@peculiar/x509";
import { Secret } from "../../core/secret.ts";
import type { ServerName } from "./server-names.ts";

interface Leaf {
  readonly certificate: string;
  readonly key: Secret;
}

export interface Certificates {
  readonly ca: string;
  readonly server: Leaf;
  readonly client: Leaf;
}

const day = 86_400_000;
/** Clients refuse server certificates that live longer. */
const lifetimeMs = 825 * day;
/** So that a certificate is good at once on a machine whose clock is late. */
const backdatedMs = 3_600_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * A certificate for the server and one for a user's client, and the authority that vouches for both. The authority's key
 * is forgotten: nobody can make another certificate that its holders would trust. The client's names a user and its
 * roles (requirement A5), so it never goes into a sandbox.
 */
export async function makeCertificates(names: readonly ServerName[], now: number): Promise<Certificates> {
  await import("reflect-metadata"); // the library needs it first; both cost 100 ms that no other command should pay
  const x509 = await import("@peculiar/x509");
  const notBefore = new Date(now - backdatedMs);
  const notAfter = new Date(now + lifetimeMs);
  const validity = { notBefore, notAfter };

  const authority = await makeKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: makeSerial(),
    name: [{ O: ["OpenShell"] }, { CN: [`OpenShell gateway CA ${makeSerial().slice(2, 10)}`] }],
    keys: authority,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  });

  const makeLeaf = async (subject: X509.JsonName, extensions: X509.Extension[]): Promise<Leaf> => {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity,
      serialNumber: makeSerial(),
      subject,
      issuer: ca.subjectName,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
        ...extensions,
      ],
    });
    const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { certificate: endLine(certificate.toString("pem")), key: new Secret(endLine(key)) };
  };

  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  return {
    ca: endLine(ca.toString("pem")),
    server: await makeLeaf(
      [{ CN: ["openshell-gateway"] }],
      [new x509.ExtendedKeyUsageExtension([serverAuth]), new x509.SubjectAlternativeNameExtension([...names])],
    ),
    client: await makeLeaf(
      [{ CN: ["openshell-user"] }, { OU: ["openshell-admin"] }, { OU: ["openshell-user"] }],
      [new x509.ExtendedKeyUsageExtension([clientAuth])],
    ),
  };
}

const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

/** 16 random bytes as hex; positive, and with no leading zero (RFC 5280, section 4.1.2.2). */
const makeSerial = (): string => `4${crypto.randomUUID().replaceAll("-", "").slice(1)}`;

const endLine = (pem: string): string => `${pem.trimEnd()}\n`;
