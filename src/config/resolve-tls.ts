import { join } from "node:path";
import type { Problems } from "./config-error.ts";
import { readableFile, unreadable } from "./files.ts";
import type { TlsConfig } from "./gateway-config.ts";
import type { Setting, Settings } from "./setting.ts";

export interface Tls {
  readonly tls: TlsConfig | undefined;
  readonly guestTlsCa: string | undefined;
}

/**
 * Certificates: those that were named; else, unless TLS is off, those that `generate-certs` made, where they are there;
 * else none. A set of which a part is missing is a problem, never a reason to go on in cleartext.
 */
export async function resolveTls(settings: Settings, tlsDir: string, problems: Problems): Promise<Tls> {
  const { disableTls, tlsCert, tlsKey, tlsClientCa, requireClientAuth, guestTlsCa } = settings;
  const named: readonly Setting<string | undefined>[] = [tlsCert, tlsKey, tlsClientCa];
  const asked = named.filter(({ value }) => value !== undefined);
  if (requireClientAuth.value) asked.push({ value: "", where: requireClientAuth.where });
  const guestCa = await readableFile(guestTlsCa, problems);

  if (disableTls.value) {
    for (const { where = "" } of asked) problems.add(where, `cannot stand together with ${disableTls.where}`);
    return { tls: undefined, guestTlsCa: undefined };
  }
  const own = asked.length > 0 ? await namedFiles(settings, problems) : undefined;
  if (own || asked.length > 0) return { tls: own, guestTlsCa: guestCa };
  const made = await madeFiles(tlsDir, problems);
  return { tls: made?.tls, guestTlsCa: guestCa ?? made?.ca };
}

async function namedFiles(
  { tlsCert, tlsKey, tlsClientCa, requireClientAuth }: Settings,
  problems: Problems,
): Promise<TlsConfig | undefined> {
  const certFile = await readableFile(tlsCert, problems);
  const keyFile = await readableFile(tlsKey, problems);
  const clientCaFile = await readableFile(tlsClientCa, problems);
  const why = tlsCert.where ?? tlsKey.where ?? tlsClientCa.where ?? requireClientAuth.where ?? "";
  if (certFile === undefined) problems.add(why, "a certificate is missing beside it, --tls-cert");
  if (keyFile === undefined) problems.add(why, "a certificate's key is missing beside it, --tls-key");
  if (requireClientAuth.value && clientCaFile === undefined) {
    problems.add(requireClientAuth.where ?? "", "an authority for clients is missing beside it, --tls-client-ca");
  }
  if (certFile === undefined || keyFile === undefined) return undefined;
  if (clientCaFile === undefined) return { certFile, keyFile };
  return { certFile, keyFile, clientCaFile, clientCertificates: requireClientAuth.value ? "required" : "optional" };
}

async function madeFiles(tlsDir: string, problems: Problems): Promise<{ tls: TlsConfig; ca: string } | undefined> {
  const [certFile, keyFile, ca] = ["server/tls.crt", "server/tls.key", "ca.crt"].map((name) => join(tlsDir, name)) as [
    string,
    string,
    string,
  ];
  const missing = await unreadable([certFile, keyFile, ca]);
  if (missing.length === 0) return { tls: { certFile, keyFile }, ca };
  if (missing.length < 3) {
    problems.add(tlsDir, `the certificates are incomplete, cannot read ${missing.join(", ")}; or say --disable-tls`);
  }
  return undefined;
}
