import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attack, refusesCredentials } from "./refused-credentials.ts";

const keyIds = [
  "../../dev/null",
  "' OR 1=1--",
  "a\u0000b",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "",
  "x".repeat(65),
].map(
  (kid): Attack => ({
    name: `A-10: key id ${JSON.stringify(kid.slice(0, 20))} of ${kid.length} characters`,
    present: ({ header, payload, signed }) => signed({ ...header, kid }, payload),
    reason: "credential-unrecognised",
  }),
);

const longKeyId: Attack = {
  name: "A-10: a key id of 10,000 characters",
  present: ({ header, payload, signed }) => signed({ ...header, kid: "x".repeat(10_000) }, payload),
  reason: "credential-malformed",
};

const strangeKeyIds = [null, 1, ["kid"], { kid: "kid" }, undefined].map(
  (kid): Attack => ({
    name: `A-10: key id ${JSON.stringify(kid)}, which is no text`,
    present: ({ header, payload, signed }) => signed({ ...header, kid }, payload),
  }),
);

/** Where a gateway that follows what a token says would fetch its key. */
const attacker = createServer((_request, response) => {
  fetched += 1;
  response.end("{}");
});
let fetched = 0;
let attackerUrl = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => attacker.listen(0, "127.0.0.1", resolve));
  const address = attacker.address();
  attackerUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/keys`;
});
afterAll(() => void attacker.close());

const keysInTheToken = (["jku", "x5u", "x5c", "jwk", "x5t#S256", "url"] as const).map(
  (member): Attack => ({
    name: `A-12: a header with ${member}`,
    present({ header, payload, signed, publicKey }) {
      const value = { jwk: publicKey.export({ format: "jwk" }), x5c: ["MIIB"] }[member as string] ?? attackerUrl;
      return signed({ ...header, [member]: value }, payload);
    },
    reason: "token-malformed",
  }),
);

const critical = [["x"], [], ["exp"], "exp"].map(
  (crit): Attack => ({
    name: `A-13: crit ${JSON.stringify(crit)}`,
    present: ({ header, payload, signed }) => signed({ ...header, crit }, payload),
    reason: "token-malformed",
  }),
);

refusesCredentials([...keyIds, longKeyId, ...strangeKeyIds, ...keysInTheToken, ...critical]);

test("A-12: nobody asked the attacker's host for a key", () => {
  expect(fetched).toBe(0);
});
