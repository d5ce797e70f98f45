import { BlockList } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Head } from "../head.ts";
import type { RawRequest } from "../servers/index.ts";

/** A public Ed25519 key, as it is published (RFC 8037). */
interface PublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly alg: "EdDSA";
  readonly use: "sig";
  readonly kid: string;
  readonly x: string;
}

export interface WellKnownOptions {
  /** The keys that verify tokens now; undefined where this gateway mints none, and then the routes are not found. */
  readonly publicKeys: (() => { readonly keys: readonly PublicKey[] }) | undefined;
  /** What tokens name as their issuer: the gateway's identity, not a URL. */
  readonly issuer: string;
  /** Addresses and CIDR blocks of proxies whose X-Forwarded-Proto is believed. */
  readonly trustedProxies: readonly string[];
  readonly headOf: (request: RawRequest) => Head;
}

const cacheControl = "public, max-age=60";

/** `/.well-known/jwks.json` and `/.well-known/openid-configuration` (requirement G7). */
export function wellKnown(
  app: FastifyInstance,
  { publicKeys, issuer, trustedProxies, headOf }: WellKnownOptions,
): void {
  if (!publicKeys) return;
  const proxies = blockList(trustedProxies);
  app.get("/.well-known/jwks.json", async (_request, reply) => {
    reply.header("cache-control", cacheControl);
    return { keys: publicKeys().keys.map(withoutPrivateMembers) };
  });
  app.get("/.well-known/openid-configuration", async (request, reply) => {
    const { peer, host, encrypted } = headOf(request.raw).arrival;
    const forwarded = isListed(proxies, peer) ? request.headers["x-forwarded-proto"] : undefined;
    const scheme = forwarded === "https" || forwarded === "http" ? forwarded : encrypted ? "https" : "http";
    reply.header("cache-control", cacheControl);
    return {
      issuer,
      jwks_uri: `${scheme}://${host}/.well-known/jwks.json`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["EdDSA"],
    };
  });
}

/** Members by name, so that whatever a key object holds beside them stays here. */
const withoutPrivateMembers = ({ kty, crv, alg, use, kid, x }: PublicKey): PublicKey => ({
  kty,
  crv,
  alg,
  use,
  kid,
  x,
});

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = address.includes(":") ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const isListed = (list: BlockList, address: string) => list.check(address, address.includes(":") ? "ipv6" : "ipv4");
