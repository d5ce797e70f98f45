import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import { newUser, type User } from "./program.ts";

let gateway: TestGateway;
let user: User;
beforeAll(async () => {
  gateway = await startTestGateway({ realSupervisors: true });
  user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.url });
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const openshell = (...args: string[]) => user.run(...args);
const families = async () => JSON.parse((await openshell("token", "list", "box", "-o", "json")).stdout).families;

test("a sandbox's credential is listed, taken back and replaced, and its supervisor goes on", async () => {
  expect(await openshell("sandbox", "create", "--name", "box")).toMatchObject({ code: 0 });
  const [first] = await families();
  expect(first).toMatchObject({ sandboxName: "box", generation: "0", presented: true, revokedFor: "" });

  const revoked = await openshell("token", "revoke", first.familyId);
  expect(revoked.code, revoked.stderr).toBe(0);
  expect(revoked.stdout).toContain("Revoked (operator)");
  await expect
    .poll(async () => (await families())[0], { timeout: 15_000 })
    .toMatchObject({ revokedFor: "", presented: true });

  const taken = await openshell("sandbox", "revoke", "box");
  expect(taken.stderr).toContain("it gets a new one");
  await expect.poll(async () => (await families()).length, { timeout: 15_000 }).toBe(3);
  await expect
    .poll(async () => (await openshell("sandbox", "get", "box")).stdout, { timeout: 15_000 })
    .toMatch(/Ready/);
});

test("withheld, it has none until it is started; and no output of all this holds a token", async () => {
  const withheld = await openshell("sandbox", "revoke", "box", "--no-renew");
  expect(withheld.stderr).toContain("openshell sandbox start box");
  expect((await openshell("token", "list", "box")).stdout).not.toContain("Live");
  expect((await openshell("sandbox", "get", "box")).stdout).toContain("TokenWithheld");
  expect(await openshell("sandbox", "start", "box")).toMatchObject({ code: 0, stdout: "box\n" });
  const list = await openshell("token", "list");
  expect(list.stdout.match(/Live/g)).toHaveLength(1);
  expect(list.stdout + gateway.logged.join("")).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
});
