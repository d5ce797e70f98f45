import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { newUser } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

const hour = 3_600_000;
const familyId = "0b0f2f1e-6d6c-4d56-8a52-3c1c1a4b7f10";

function family(over: object = {}) {
  const now = Date.now();
  return {
    ...{ familyId, sandboxId: "9f0c7a4e-0000-4000-8000-000000000001", sandboxName: "box", workspace: "default" },
    ...{ generation: 3n, keyId: "00112233445566778899aabbccddeeff", presented: true },
    ...{ issuedAtMs: BigInt(now - 600_500), expiresAtMs: BigInt(now + 1.5 * hour) },
    ...over,
  };
}

const ended = { revokedAtMs: BigInt(Date.now()), revokedFor: "operator" };

test("families are listed in a table that says which are live, and why the others are not", async () => {
  const families = [
    family(),
    family({ familyId: "a", expiresAtMs: 1n }),
    family({ familyId: "b", ...ended, revokedFor: "reuse" }),
    family({ familyId: "c", ...ended, sandboxName: "", workspace: "" }),
  ];
  await using gateway = await startSmallGateway({ identity: { listTokenFamilies: () => ({ families }) } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stdout, stderr } = await user.run("token", "list");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["SANDBOX", "STATE", "GENERATION", "AGE", "EXPIRES IN", "KEY", "FAMILY"],
    ["box", "Live", "3", "10m", "1h", "00112233445566778899aabbccddeeff", familyId],
    ["box", "Expired", "3", "10m", "-", "00112233445566778899aabbccddeeff", "a"],
    ["box", "Revoked (reuse)", "3", "10m", "-", "00112233445566778899aabbccddeeff", "b"],
    [families[3]?.sandboxId, "Revoked (operator)", "3", "10m", "-", "00112233445566778899aabbccddeeff", "c"],
  ]);
  expect(gateway.seen.at(-1)?.message).toMatchObject({
    sandbox: "",
    workspace: "default",
    allWorkspaces: false,
    limit: 100,
  });
});

test("JSON has every field by its name", async () => {
  await using gateway = await startSmallGateway({ identity: { listTokenFamilies: () => ({ families: [family()] }) } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint, OPENSHELL_WORKSPACE: "blue" });
  const { stdout, stderr } = await user.run("token", "list", "box", "--limit", "1", "--offset", "2", "-o", "json");
  expect(JSON.parse(stdout)).toMatchObject({
    families: [{ familyId, sandboxName: "box", generation: "3", presented: true, revokedAtMs: "0", revokedFor: "" }],
  });
  expect(stderr).toBe("note: there may be more; --offset 3 goes on\n");
  expect(gateway.seen.at(-1)?.message).toMatchObject({ sandbox: "box", workspace: "blue", limit: 1, offset: 2 });
});

test("a sandbox's token is taken back, and it gets a new one unless that is withheld", async () => {
  const identity = {
    revokeSandboxTokens: ({ withhold }: { withhold: boolean }) => ({ families: [family(ended)], renews: !withhold }),
  };
  await using gateway = await startSmallGateway({ identity });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const taken = await user.run("sandbox", "revoke", "box");
  expect(taken).toMatchObject({ code: 0, stderr: "sandbox box: its token was taken back, and it gets a new one\n" });
  expect(taken.stdout).toContain("Revoked (operator)");
  expect(gateway.seen.at(-1)?.message).toMatchObject({ sandbox: "box", workspace: "default", withhold: false });

  const withheld = await user.run("sandbox", "revoke", "box", "--no-renew", "-o", "json");
  expect(withheld.stderr).toContain("`openshell sandbox start box` gives it a new one");
  expect(JSON.parse(withheld.stdout)).toMatchObject({ renews: false, families: [{ revokedFor: "operator" }] });
  expect(gateway.seen.at(-1)?.message).toMatchObject({ withhold: true });
});

test("a sandbox whose token is to be taken back is named", async () => {
  await using gateway = await startSmallGateway({ identity: {} });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  expect(await user.run("sandbox", "revoke")).toMatchObject({ code: 2, stdout: "" });
  expect(await user.run("token", "revoke")).toMatchObject({ code: 2, stdout: "" });
  expect(gateway.seen).toEqual([]);
});

test("one family is ended by its id", async () => {
  const identity = { revokeTokenFamily: () => ({ family: family(ended) }) };
  await using gateway = await startSmallGateway({ identity });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stdout } = await user.run("token", "revoke", familyId);
  expect(code).toBe(0);
  expect(stdout).toContain(familyId);
  expect(gateway.seen.at(-1)?.message).toMatchObject({ familyId });
});

test("a family that is not there is said not to be", async () => {
  const refuse = () => {
    throw new ConnectError("token family not found", Code.NotFound);
  };
  await using gateway = await startSmallGateway({ identity: { revokeTokenFamily: refuse } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stdout, stderr } = await user.run("token", "revoke", familyId);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe(
    `error: there is no token family ${familyId}\n  next: see which there are with \`openshell token list\`\n`,
  );
});

test("a user who is no administrator is told what is missing", async () => {
  const refuse = () => {
    throw new ConnectError("role 'openshell-admin' required", Code.PermissionDenied);
  };
  await using gateway = await startSmallGateway({ identity: { listTokenFamilies: refuse } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stderr } = await user.run("token", "list");
  expect(code).toBe(1);
  expect(stderr).toContain("answered PERMISSION_DENIED: role 'openshell-admin' required");
});

test("a gateway without the identity service is said not to offer it", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stderr } = await user.run("token", "list");
  expect(code).toBe(1);
  expect(stderr).toContain("answered UNIMPLEMENTED");
  expect(stderr).toContain("this gateway does not offer that");
});

test("what a hostile gateway puts into a name does not reach the terminal as it is", async () => {
  const families = [family({ sandboxName: "a\u001b]0;x\u0007", familyId: "f\nLive" })];
  await using gateway = await startSmallGateway({ identity: { listTokenFamilies: () => ({ families }) } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { stdout } = await user.run("token", "list");
  expect(stdout).not.toContain("\u001b");
  expect(stdout.trimEnd().split("\n")).toHaveLength(2);
});
