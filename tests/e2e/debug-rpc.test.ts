import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Program } from "../service/supervisor/program.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";
import { newKey, partsOf, spell } from "../support/tokens.ts";

const clock = new FakeClock(Date.now());
let gateway: TestGateway;
let own: TestSandbox;
let other: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
  [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("other")];
  await gateway.client().updateConfig({ name: "own", policy: { version: 1 } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** The program's diagnostic commands, as a person in the sandbox would run them. */
async function debugRpc(token: string | undefined, ...args: string[]) {
  const credential: Record<string, string> = token === undefined ? {} : { OPENSHELL_SANDBOX_TOKEN: token };
  await using program = new Program(["debug-rpc", ...args], {
    OPENSHELL_ENDPOINT: gateway.sandboxesUrl,
    ...credential,
  });
  return { code: await program.exited, stdout: program.stdout, stderr: program.stderr };
}
const getConfig = async (sandboxId: string, token?: string) =>
  debugRpc(token ?? (await own.token()), "get-sandbox-config", "--sandbox-id", sandboxId);

function described(token: string): string {
  const { payload } = partsOf(token);
  return [
    `fingerprint=sha256:${createHash("sha256").update(token).digest("hex").slice(0, 16)}`,
    `expires_at_ms=${Number(payload["exp"]) * 1_000}`,
    `sandbox_id=${own.id}`,
    `subject=spiffe://openshell/sandbox/${own.id}`,
    "issuer=openshell-gateway:openshell",
    "",
  ].join("\n");
}

test("get-sandbox-config of the own sandbox prints one line and exits with 0", async () => {
  const { policyHash, configRevision } = await gateway.client().getSandboxConfig({ sandboxId: own.id });
  expect(await getConfig(own.id)).toEqual({
    code: 0,
    stdout: `version=1 policy_hash=${policyHash} config_revision=${configRevision}\n`,
    stderr: "",
  });
});

test("get-sandbox-config of another sandbox and of none exits with 7 and the same words", async () => {
  const ran = await getConfig(other.id);
  expect(ran).toEqual({
    code: 7,
    stdout: "",
    stderr: "PermissionDenied: cross-sandbox access denied: principal does not own this sandbox\n",
  });
  expect(await getConfig(crypto.randomUUID())).toEqual(ran);
});

test("get-sandbox-config with a token that somebody else signed exits with 16", async () => {
  const { header, payload } = partsOf(await own.token());
  const forged = spell(JSON.stringify(header), JSON.stringify(payload), newKey().privateKey);
  expect(await getConfig(own.id, forged)).toEqual({
    code: 16,
    stdout: "",
    stderr: "Unauthenticated: invalid token\n",
  });
});

test("get-sandbox-config with an id that is none exits with 1", async () => {
  const { code, stdout, stderr } = await getConfig("../etc");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^InvalidArgument: sandbox_id: expected /);
});

test("any command without a token exits with 1 and says what is missing", async () => {
  for (const args of [["get-sandbox-config", "--sandbox-id", own.id], ["refresh"], ["show-token"]]) {
    const { code, stdout, stderr } = await debugRpc(undefined, ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("OPENSHELL_SANDBOX_TOKEN");
  }
});

test("show-token and show-principal describe the own token without it", async () => {
  const token = await own.token();
  expect(await debugRpc(token, "show-token")).toEqual({ code: 0, stdout: described(token), stderr: "" });
  const shown = await debugRpc(token, "show-principal");
  expect(JSON.parse(shown.stdout)).toEqual(partsOf(token).payload);
});

test("refresh prints the successor's five lines, and takes the old token's right away", async () => {
  const before = await own.token();
  const ran = await debugRpc(before, "refresh");
  const successor = await own.token();
  expect(successor).not.toBe(before);
  expect(ran).toEqual({ code: 0, stdout: described(successor), stderr: "" });
  expect(await getConfig(own.id, before)).toMatchObject({ code: 16, stderr: "Unauthenticated: invalid token\n" });
  expect(await getConfig(own.id, successor)).toMatchObject({ code: 0 });
  await clock.advance(10_000);
  expect(await debugRpc(before, "refresh")).toEqual({
    code: 1,
    stdout: "",
    stderr: "Unauthenticated: invalid token\n",
  });
});

test("get-sandbox-config with an expired token and with a deleted sandbox's exits with 16", async () => {
  const { name, token } = other;
  const ended = await token();
  await gateway.client().deleteSandbox({ name });
  expect(await getConfig(other.id, ended)).toMatchObject({ code: 16, stderr: "Unauthenticated: invalid token\n" });
  const expiring = await own.token();
  clock.jump(3_606_000);
  expect(await getConfig(own.id, expiring)).toEqual({
    code: 16,
    stdout: "",
    stderr: "Unauthenticated: invalid token: ExpiredSignature\n",
  });
});
