import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

test("A-42: a sandbox that is issued a token while it has one keeps the new one alone, and the end of the old is audited", async () => {
  await using gateway = await startTokens();
  const { token: old, sandboxId } = await gateway.issued();
  expect(await gateway.present(old)).toMatchObject({ ok: true });
  const { token: next, familyId } = await gateway.tokens.issue(sandboxId, "bootstrapped");
  expect(await gateway.present(old)).toEqual(refusedFor("token-revoked"));
  await expect(gateway.refresh(old)).rejects.toMatchObject({ reason: "token-revoked" });
  expect(await gateway.present(next)).toMatchObject({ ok: true, value: { credential: { familyId } } });
  expect(gateway.audited).toContainEqual(
    expect.objectContaining({ event: "family.revoked", sandboxId, reason: "superseded-family" }),
  );
});

test("A-42: of many families issued at once to one sandbox, one is live", async () => {
  await using gateway = await startTokens();
  const { sandboxId } = await gateway.issued();
  const asked = Array.from({ length: 20 }, () => gateway.tokens.issue(sandboxId, "bootstrapped"));
  const outcomes = await Promise.allSettled(asked);
  const issued = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const verdicts = await Promise.all(issued.map(({ token }) => gateway.present(token)));
  expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1);
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.reason] : []));
  expect(new Set(refused), "the others were too many").toEqual(new Set(["rate-limited"]));
});
