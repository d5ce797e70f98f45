import { expect, test } from "vitest";
import { type Authenticator, createChain, decline, type Outcome } from "../../../src/auth/index.ts";
import { anonymous } from "../../../src/core/principal.ts";
import { userPrincipal } from "../../support/principals.ts";
import { arrival, callMethod as method } from "../../support/tokens.ts";

const user = userPrincipal();
const accept: Outcome = { kind: "accept", principal: user };
const answers = (outcome: Outcome | Promise<Outcome>): Authenticator => ({
  name: "fixed",
  authenticate: () => outcome,
});
const neverAsked: Authenticator = { name: "never", authenticate: () => Promise.reject(new Error("asked")) };

test("the first authenticator that does not decline decides", async () => {
  const chain = createChain({ authenticators: [answers(decline), answers(Promise.resolve(accept)), neverAsked] });
  expect(await chain({ method, bearer: "x", arrival })).toEqual({ ok: true, value: user });
});

test("a refusal ends the chain", async () => {
  const chain = createChain({
    authenticators: [answers({ kind: "refuse", reason: "token-expired" }), answers(accept)],
  });
  expect(await chain({ method, bearer: "x", arrival })).toEqual({ ok: false, reason: "token-expired" });
});

test("a credential that nobody recognises never becomes the user without one", async () => {
  const chain = createChain({ authenticators: [answers(decline)], withoutCredential: answers(accept) });
  expect(await chain({ method, bearer: "x", arrival })).toEqual({ ok: false, reason: "credential-unrecognised" });
});

test("a credential that was refused never becomes the user without one", async () => {
  const refuse: Outcome = { kind: "refuse", reason: "token-revoked" };
  const chain = createChain({ authenticators: [answers(refuse)], withoutCredential: answers(accept) });
  expect(await chain({ method, bearer: "x", arrival })).toEqual({ ok: false, reason: "token-revoked" });
});

test("an authenticator that fails lets nobody in", async () => {
  const chain = createChain({ authenticators: [neverAsked, answers(accept)], withoutCredential: answers(accept) });
  await expect(chain({ method, bearer: "x", arrival })).rejects.toThrow("asked");
});

test("without a credential, only the fallback is asked", async () => {
  const chain = createChain({ authenticators: [neverAsked], withoutCredential: answers(accept) });
  expect(await chain({ method, bearer: undefined, arrival })).toEqual({ ok: true, value: user });
});

test("without a credential and without a fallback the caller is anonymous", async () => {
  const chain = createChain({ authenticators: [neverAsked] });
  expect(await chain({ method, bearer: undefined, arrival })).toEqual({ ok: true, value: anonymous });
});

test("authenticators that wait for nothing are answered for at once, in their order", () => {
  const refuse: Outcome = { kind: "refuse", reason: "token-expired" };
  const chain = createChain({ authenticators: [answers(decline), answers(refuse), neverAsked] });
  expect(chain({ method, bearer: "x", arrival })).toEqual({ ok: false, reason: "token-expired" });
});

test("those after one that had to wait are asked only where it declines", async () => {
  const declines = createChain({ authenticators: [answers(Promise.resolve(decline)), answers(accept), neverAsked] });
  expect(await declines({ method, bearer: "x", arrival })).toEqual({ ok: true, value: user });
  const refuses = createChain({
    authenticators: [answers(Promise.resolve({ kind: "refuse", reason: "token-expired" })), answers(accept)],
  });
  expect(await refuses({ method, bearer: "x", arrival })).toEqual({ ok: false, reason: "token-expired" });
});
