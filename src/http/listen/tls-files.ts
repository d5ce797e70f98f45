import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** Where a listener's certificate comes from (requirement G2). PEM files, read again when they change. */
export interface TlsSource {
  readonly certFile: string;
  readonly keyFile: string;
  /** Client certificates signed by these authorities are accepted. */
  readonly clientCaFile?: string;
  /** With `clientCaFile`: must a client present a certificate? One that it does present must be good either way. */
  readonly clientCertificates?: "optional" | "required";
}

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** Reads the files. @throws what reading throws, with the path in its message. */
export async function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsSource): Promise<TlsFiles> {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    clientCaFile === undefined ? undefined : readFile(clientCaFile),
  ]);
  return { cert, key, ca };
}

export function sameFiles(a: TlsFiles, b: TlsFiles): boolean {
  return a.cert.equals(b.cert) && a.key.equals(b.key) && (a.ca && b.ca ? a.ca.equals(b.ca) : a.ca === b.ca);
}

/**
 * The context that a server gets, proven usable: the certificate parses, the key is the certificate's.
 * @throws Error that names the file that is no good, and never quotes it.
 */
export function secureContext({ cert, key, ca }: TlsFiles, source: TlsSource): SecureContextOptions {
  attempt(source.certFile, () => new X509Certificate(cert));
  if (ca && source.clientCaFile !== undefined) attempt(source.clientCaFile, () => new X509Certificate(ca));
  const options: SecureContextOptions = { cert, key, minVersion: "TLSv1.2", ...(ca && { ca }) };
  attempt(`${source.keyFile} with ${source.certFile}`, () => createSecureContext(options));
  return options;
}

function attempt(what: string, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw new Error(`${what} is not usable for TLS`, { cause });
  }
}
