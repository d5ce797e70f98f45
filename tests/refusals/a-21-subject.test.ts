import { expect, test } from "vitest";
import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import { refreshMethod, refusedFor, spell, startTokens } from "../support/tokens.ts";

const other = newSandboxId();

test.each([
  undefined,
  null,
  "",
  1,
  [],
  [`spiffe://openshell/sandbox/${other}`],
  `spiffe://openshell/sandbox/${other}`,
  `spiffe://openshell/user/${other}`,
  other,
])("A-21: sub %j is refused, as it is not the sandbox that sandbox_id names", async (sub) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, sub } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test.each([
  ["with a slash behind", (sub: string) => `${sub}/`],
  ["in upper case", (sub: string) => sub.toUpperCase()],
  ["with a query", (sub: string) => `${sub}?x`],
])("A-21: the right sub %s is refused", async (_how, change) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: { ...payload, sub: change(String(payload["sub"])) },
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test.each([undefined, null, "", 1, "a", "../x", [other], "00000000-0000-0000-0000-00000000000"])(
  "A-21: sandbox_id %j is refused",
  async (id) => {
    await using gateway = await startTokens();
    const token = await gateway.forged(({ payload }) => ({
      payload: { ...payload, sandbox_id: id, sub: `spiffe://openshell/sandbox/${id}` },
    }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
  },
);

test("A-21: sandbox_id in upper case is refused, as an id has one spelling", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => {
    const id = String(payload["sandbox_id"]).toUpperCase();
    return { payload: { ...payload, sandbox_id: id, sub: `spiffe://openshell/sandbox/${id}` } };
  });
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test("A-21: another sandbox's names with this family's jti are refused, though our key signed them", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: { ...payload, sandbox_id: other, sub: `spiffe://openshell/sandbox/${other}` },
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
});

test("A-21: another sandbox's names with a superseded jti do not refresh that family", async () => {
  await using gateway = await startTokens();
  const { token, header, payload } = await gateway.issued();
  await gateway.refresh(token);
  const claims = { ...payload, sandbox_id: other, sub: `spiffe://openshell/sandbox/${other}` };
  const forged = spell(JSON.stringify(header), JSON.stringify(claims), gateway.key.privateKey);
  expect(await gateway.present(forged, refreshMethod)).toEqual(refusedFor("token-unknown"));
});

test.each([
  undefined,
  null,
  "",
  1,
  "0",
  `${newFamilyId()}`,
  `${newFamilyId()}.`,
  `${newFamilyId()}.00`,
  `${newFamilyId()}.-1`,
  `${newFamilyId()}.1.0`,
  `${newFamilyId()}.1e3`,
  `${newFamilyId()}.99999999999`,
  `${newFamilyId().toUpperCase()}A.0`,
  `.0`,
])("A-21: jti %j is refused", async (jti) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, jti } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test("A-21: a jti that this gateway never gave out is refused, though our key signed it", async () => {
  await using gateway = await startTokens();
  const stranger = await gateway.forged(({ payload }) => ({ payload: { ...payload, jti: `${newFamilyId()}.0` } }));
  expect(await gateway.present(stranger)).toEqual(refusedFor("token-unknown"));
  const ahead = await gateway.forged(({ payload }) => ({
    payload: { ...payload, jti: String(payload["jti"]).replace(/0$/, "1") },
  }));
  expect(await gateway.present(ahead)).toEqual(refusedFor("token-unknown"));
});

test.each([{ admin: true }, { roles: ["openshell-admin"] }, { cnf: {} }, { "": 1 }])(
  "A-21: a claim that we never write, %j, is refused",
  async (extra) => {
    await using gateway = await startTokens();
    const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, ...extra } }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
  },
);

test("A-21: a claim called __proto__ is a claim that we never write", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: JSON.stringify(payload).replace(/}$/, `,"__proto__":{"sandbox_id":"x"}}`),
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});
