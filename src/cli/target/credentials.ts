import { join } from "node:path";
import { Secret } from "../../core/secret.ts";
import { Failure } from "../failure.ts";
import { readIfPresent } from "./files.ts";
import { parseObject } from "./registration.ts";
import type { Registry } from "./registry.ts";
import type { Target } from "./resolve.ts";

/** What is presented to a gateway, and what the gateway is checked against. */
export interface Credentials {
  /** PEM; without it the certificate authorities that come with the runtime. */
  readonly ca?: string;
  /** PEM certificate chain and private key. */
  readonly client?: { readonly certificate: string; readonly key: Secret };
  readonly bearer?: Secret;
  /** When the bearer token says that it expires, in milliseconds since the epoch. */
  readonly bearerExpiresAt?: number;
}

/** The files of mutual TLS, in the `mtls` directory of a gateway. */
export const mtlsFiles = { ca: "ca.crt", certificate: "tls.crt", key: "tls.key" } as const;

async function readLogin(name: string, registry: Registry): Promise<Pick<Credentials, "bearer" | "bearerExpiresAt">> {
  const file = await registry.read(name, "oidc_token.json");
  if (!file) return {};
  const { access_token: token, expires_at: expiresAt } = parseObject(file.text, file.path);
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new Failure(`${file.path}: access_token is not a token`, { next: "mend or remove the file" });
  }
  return {
    bearer: new Secret(token),
    ...(typeof expiresAt === "number" ? { bearerExpiresAt: expiresAt * 1000 } : {}),
  };
}

async function readTls(
  { name, registration }: Target,
  registry: Registry,
): Promise<Pick<Credentials, "ca" | "client">> {
  if (!name) return {};
  const read = async (file: string) => (await registry.read(name, join("mtls", file)))?.text;
  const [ca, certificate, key] = await Promise.all(Object.values(mtlsFiles).map(read));
  const complete = ca !== undefined && certificate !== undefined && key !== undefined;
  if (!complete && registration?.authMode === "mtls") {
    const directory = registry.pathOf(name, "mtls");
    throw new Failure(`gateway ${name} wants a client certificate, and ${directory} does not hold all of its files`, {
      next: `put ${Object.values(mtlsFiles).join(", ")} there`,
    });
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(complete ? { client: { certificate, key: new Secret(key) } } : {}),
  };
}

/**
 * Reads what is stored for the target. A bearer token goes to the endpoint that it was stored for and to no other, and in
 * clear over a network only where the registration says that this gateway wants one (auth mode `oidc`); certificates may go anywhere, as they prove possession of a key and do not give it away.
 */
export async function readCredentials(target: Target, registry: Registry): Promise<Credentials> {
  const { endpoint, registration } = target;
  if (registration?.authMode === "cloudflare_jwt") {
    throw new Failure(
      `gateway ${registration.name} wants a browser login (cloudflare_jwt), which is not supported yet`,
      {
        next: "reach it directly and register that endpoint, or choose another gateway",
      },
    );
  }
  const guarded = endpoint.secure || endpoint.loopback || registration?.authMode === "oidc";
  const sendsLogin = registration?.endpoint.url === endpoint.url && guarded;
  return {
    ...(endpoint.secure ? await readTls(target, registry) : {}),
    ...(sendsLogin ? await readLogin(registration.name, registry) : {}),
  };
}

/** The files of a directory as `openshell-gateway generate-certs` fills it, or undefined where one is missing. */
export async function readLocalCertificates(directory: string): Promise<Record<string, string> | undefined> {
  const sources = {
    [mtlsFiles.ca]: join(directory, "ca.crt"),
    [mtlsFiles.certificate]: join(directory, "client", "tls.crt"),
    [mtlsFiles.key]: join(directory, "client", "tls.key"),
  };
  const entries = await Promise.all(
    Object.entries(sources).map(async ([name, path]) => [name, await readIfPresent(path)] as const),
  );
  const found = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return found.length === entries.length ? Object.fromEntries(found) : undefined;
}
