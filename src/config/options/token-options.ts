import { name, path, wholeNumber, yesOrNo } from "../kind.ts";
import { optional, settled } from "../option.ts";

const seconds = (least: number, most: number) => wholeNumber(least, most, "seconds");
const day = 86_400;

/** Sandbox tokens (requirement T1). */
export const tokenOptions = {
  gatewayId: settled({
    key: "gateway_jwt.gateway_id",
    fallback: "openshell",
    kind: name(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,127})$/, "1 to 128 letters, digits, dots, hyphens and underscores"),
    says: "Names this gateway in its tokens; different for each gateway, and stable.",
  }),
  signingKeyPath: optional({
    key: "gateway_jwt.signing_key_path",
    kind: path,
    otherwise: "`<tls>/jwt/signing.pem`",
    says: "The private key that signs sandbox tokens (PEM). All three files of a key are named together.",
  }),
  publicKeyPath: optional({
    key: "gateway_jwt.public_key_path",
    kind: path,
    otherwise: "`<tls>/jwt/public.pem`",
    says: "Its public half (PEM).",
  }),
  kidPath: optional({
    key: "gateway_jwt.kid_path",
    kind: path,
    otherwise: "`<tls>/jwt/kid`",
    says: "Its id.",
  }),
  ttlSecs: settled({
    key: "gateway_jwt.ttl_secs",
    kind: seconds(60, day),
    fallback: 3_600,
    says: "How long a sandbox token lives. There are none that live for ever.",
  }),
  refreshGraceSecs: settled({
    key: "gateway_jwt.refresh_grace_secs",
    kind: seconds(0, 60),
    fallback: 10,
    says: "For how long a refreshed token's predecessor still gets the same successor, and is not taken for stolen.",
  }),
  leewaySecs: settled({
    key: "gateway_jwt.leeway_secs",
    kind: seconds(0, 30),
    fallback: 5,
    says: "How far the clocks of those who make and check tokens may differ.",
  }),
  refreshPerMinute: settled({
    key: "gateway_jwt.refresh_per_minute",
    kind: wholeNumber(1, 1_000_000),
    fallback: 10,
    says: "How many refreshes a token family may ask for in the long run, of each replica.",
  }),
  refreshBurst: settled({
    key: "gateway_jwt.refresh_burst",
    kind: wholeNumber(1, 1_000_000),
    fallback: 10,
    says: "How many refreshes a token family may ask for at once, of each replica.",
  }),
  revocationBoundSecs: settled({
    key: "gateway_jwt.revocation_bound_secs",
    // Without a hint the database is asked once a second: a shorter bound would refuse those who did no wrong.
    kind: seconds(2, 60),
    fallback: 5,
    says: "For how long a replica may hear nothing of what was revoked before it answers sandboxes with `unavailable`.",
  }),
  revokeOnReuse: settled({
    key: "gateway_jwt.revoke_on_reuse",
    kind: yesOrNo,
    fallback: true,
    says: "Whether a token that is used again after it was replaced ends all tokens of its family.",
  }),
};
