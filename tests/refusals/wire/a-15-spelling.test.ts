import { base64Url } from "../../support/tokens.ts";
import { type Attack, refusesCredentials, type Target } from "./refused-credentials.ts";

const json = (part: unknown) => JSON.stringify(part);

const twice = (["sub", "sandbox_id", "exp", "jti"] as const).map(
  (claim): Attack => ({
    name: `A-15: the claim ${claim} twice`,
    present: ({ header, payload, signed }) =>
      signed(header, json(payload).replace("{", `{${json(claim)}:${json(payload[claim])},`)),
    reason: "token-malformed",
  }),
);
const headerTwice = (["alg", "kid", "typ"] as const).map(
  (member): Attack => ({
    name: `A-15: the header member ${member} twice`,
    present: ({ header, payload, signed }) =>
      signed(json(header).replace("{", `{${json(member)}:${json(header[member])},`), payload),
    reason: "token-malformed",
  }),
);

const serialized = (name: string, spelled: (target: Target) => string): Attack => ({
  name: `A-16: ${name}`,
  present: spelled,
});
const cutTo = (count: number) =>
  serialized(`${count} parts`, ({ token }) => [...token.split("."), "AA", "AA", "AA"].slice(0, count).join("."));

const serializations: Attack[] = [
  cutTo(2),
  cutTo(4),
  cutTo(5),
  serialized("zip DEF", ({ header, payload, signed }) => signed({ ...header, zip: "DEF" }, payload)),
  serialized("the JSON serialization", ({ token }) => {
    const [head, payload, signature] = token.split(".");
    return base64Url(json({ payload, signatures: [{ protected: head, signature }] }));
  }),
  serialized("an encrypted token's header", ({ header, payload, signed }) =>
    signed({ ...header, alg: "dir", enc: "A256GCM" }, payload),
  ),
  serialized("padding behind the payload", ({ token }) => token.replace(/\.(?=[^.]*$)/, "=.")),
];

const types = [undefined, "jwt", "at+jwt", "openshell-ext+jwt", "JOSE", ["JWT"]].map(
  (typ): Attack => ({
    name: `A-17: typ ${json(typ)} from our own key`,
    present: ({ header, payload, signed }) => signed({ ...header, typ }, payload),
    reason: "token-malformed",
  }),
);

refusesCredentials([...twice, ...headerTwice, ...serializations, ...types]);
