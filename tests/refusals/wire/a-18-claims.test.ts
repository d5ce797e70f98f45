import { newSandboxId } from "../../../src/core/ids.ts";
import { type Attack, refusesCredentials } from "./refused-credentials.ts";

type Claims = Record<string, unknown>;

/** A token that our own key signed, with some claims other than they should be. */
const claiming = (name: string, change: (good: Claims) => Claims, reason = "token-claims"): Attack => ({
  name,
  present: ({ header, payload, signed }) => signed(header, { ...payload, ...change(payload) }),
  reason,
});
const seconds = (payload: Claims, claim: string) => Number(payload[claim]);

const expiries: Attack[] = [
  claiming("A-18: no exp", () => ({ exp: undefined })),
  claiming("A-18: exp as a text", ({ exp }) => ({ exp: String(exp) })),
  claiming("A-18: exp 0", () => ({ exp: 0 })),
  claiming("A-18: a negative exp", () => ({ exp: -1 })),
  claiming("A-18: a fractional exp", (good) => ({ exp: seconds(good, "exp") + 0.5 })),
  claiming("A-18: an exp in 100 years", (good) => ({ exp: seconds(good, "exp") + 100 * 365 * 86_400 })),
  claiming("A-18: a life of a second more than a day", (good) => ({ exp: seconds(good, "iat") + 86_401 })),
  {
    name: "A-18: exp 1e400, which is infinite",
    present: ({ header, payload, signed }) =>
      signed(header, JSON.stringify(payload).replace(/"exp":\d+/, '"exp":1e400')),
    reason: "token-malformed",
  },
];

const times: Attack[] = [
  claiming("A-19: an nbf in the future", (good) => ({ nbf: seconds(good, "iat") + 600 })),
  claiming("A-19: an nbf in the past, which we never write", (good) => ({ nbf: seconds(good, "iat") - 600 })),
  claiming(
    "A-19: an iat in the future",
    (good) => ({ iat: seconds(good, "iat") + 60, exp: seconds(good, "exp") + 60 }),
    "token-not-yet-valid",
  ),
  claiming("A-19: no iat", () => ({ iat: undefined })),
  claiming("A-19: an exp before its iat", (good) => ({ iat: seconds(good, "exp") + 1 })),
];

const audiences: Attack[] = [
  claiming("A-20: an audience that is a list of another and ours", ({ aud }) => ({ aud: ["evil", aud] })),
  claiming("A-20: an audience that is a list of ours alone", ({ aud }) => ({ aud: [aud] })),
  claiming("A-20: an audience that is an object", ({ aud }) => ({ aud: { aud } })),
  claiming("A-20: no audience", () => ({ aud: undefined })),
  claiming("A-20: an issuer that is a list", ({ iss }) => ({ iss: [iss] })),
  claiming("A-20: an issuer with a slash behind", ({ iss }) => ({ iss: `${iss}/` })),
];

const subjects: Attack[] = [
  claiming("A-21: a subject that is a number", () => ({ sub: 7 })),
  claiming("A-21: an empty subject", () => ({ sub: "" })),
  claiming("A-21: a subject that is a list", ({ sub }) => ({ sub: [sub] })),
  claiming("A-21: a subject of another sandbox than its sandbox_id", () => ({
    sub: `spiffe://openshell/sandbox/${newSandboxId()}`,
  })),
  claiming("A-21: a sandbox_id of another sandbox than its subject", () => ({ sandbox_id: newSandboxId() })),
  claiming("A-21: no jti", () => ({ jti: undefined })),
  claiming("A-21: a jti that is a number", () => ({ jti: 1 })),
  claiming("A-21: a family that never was", () => ({ jti: `${crypto.randomUUID()}.0` }), "token-unknown"),
  claiming("A-21: a generation to come", ({ jti }) => ({ jti: String(jti).replace(/0$/, "1") }), "token-unknown"),
  claiming(
    "A-21: another sandbox's name on this one's family",
    () => {
      const other = newSandboxId();
      return { sub: `spiffe://openshell/sandbox/${other}`, sandbox_id: other };
    },
    "token-unknown",
  ),
];

const gateways: Attack[] = [
  claiming("A-26: the token of another gateway that has our key", () => ({
    iss: "openshell-gateway:other",
    aud: "openshell-gateway:other",
  })),
  claiming("A-26: our audience from another issuer", () => ({ iss: "openshell-gateway:other" })),
  claiming("A-26: an audience of another gateway from our issuer", () => ({ aud: "openshell-gateway:other" })),
];

refusesCredentials([...expiries, ...times, ...audiences, ...subjects, ...gateways]);
