import { expect, test } from "vitest";
import { Refusal } from "../../../src/core/refusal.ts";

test("only an open row lets the thrower choose what the caller hears", () => {
  expect(new Refusal("request-invalid", { says: "name: expected more" }).message).toBe("name: expected more");
  expect(new Refusal("other-sandbox", { says: "it belongs to bob" }).message).not.toContain("bob");
  expect(new Refusal("token-signature", { says: "key 7 does not match" }).message).toBe("invalid token");
});

test("reasons that must not be told apart share code and text", () => {
  const reasons = ["token-malformed", "token-signature", "token-claims", "token-unknown", "token-revoked"] as const;
  expect(new Set(reasons.map((reason) => new Refusal(reason).message)).size).toBe(1);
  expect(new Set(reasons.map((reason) => new Refusal(reason).code))).toEqual(new Set(["unauthenticated"]));
});

test("what is unknown becomes internal, and its text stays behind", () => {
  const refusal = Refusal.from(new Error("password=hunter2"));
  expect(refusal).toMatchObject({ reason: "internal", message: "internal error", cause: expect.any(Error) });
});

test("a refusal stays itself", () => {
  const refusal = new Refusal("token-expired");
  expect(Refusal.from(refusal)).toBe(refusal);
});

test("a gateway that cannot know asks the caller to come back, it does not call the credential bad", () => {
  for (const reason of ["revocations-unknown", "store-unavailable", "shutting-down", "keys-missing"] as const) {
    expect(new Refusal(reason).code).toBe("unavailable");
  }
});
