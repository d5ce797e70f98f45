import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { madeToken } from "./made-token.ts";
import { Program } from "./program.ts";
import { sandboxId } from "./sandbox-id.ts";
import { TestGateway } from "./test-gateway.ts";

const token = madeToken();
const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;

async function debugRpc(args: string[], endpoint = "http://127.0.0.1:1", more: Record<string, string> = {}) {
  const environment = { OPENSHELL_ENDPOINT: endpoint, OPENSHELL_SANDBOX_TOKEN: token, ...more };
  await using program = new Program(["debug-rpc", ...args], environment);
  return { code: await program.exited, stdout: program.stdout, stderr: program.stderr };
}

/** What is printed of a token. */
function described(of: string): string {
  const payload = JSON.parse(Buffer.from(of.split(".")[1]!, "base64url").toString()) as { exp: number };
  const fingerprint = createHash("sha256").update(of).digest("hex").slice(0, 16);
  return [
    `fingerprint=sha256:${fingerprint}`,
    `expires_at_ms=${payload.exp * 1000}`,
    `sandbox_id=${sandboxId}`,
    `subject=spiffe://openshell/sandbox/${sandboxId}`,
    "issuer=openshell-gateway:test",
    "",
  ].join("\n");
}

test.each([[["--sandbox-id", sandboxId]], [[`--sandbox-id=${sandboxId}`]]])(
  "get-sandbox-config %j prints one line and exits with 0",
  async (args) => {
    await using gateway = await TestGateway.start();
    expect(await debugRpc(["get-sandbox-config", ...args], gateway.url)).toEqual({
      code: 0,
      stdout: "version=1 policy_hash=0123456789abcdef config_revision=7\n",
      stderr: "",
    });
    expect(gateway.calls).toMatchObject([{ method: "GetSandboxConfig", token }]);
  },
);

test.each([
  [Code.PermissionDenied, 7, "PermissionDenied"],
  [Code.Unauthenticated, 16, "Unauthenticated"],
  [Code.NotFound, 5, "NotFound"],
  [Code.Unavailable, 1, "Unavailable"],
  [Code.Internal, 1, "Internal"],
])("get-sandbox-config that is refused with status %i exits with %i and says so", async (code, exitCode, name) => {
  await using gateway = await TestGateway.start({
    getSandboxConfig: () => {
      throw new ConnectError("not for you", code);
    },
  });
  const ran = await debugRpc(["get-sandbox-config", "--sandbox-id", "other"], gateway.url);
  expect(ran).toEqual({ code: exitCode, stdout: "", stderr: `${name}: not for you\n` });
});

test("refresh prints five lines of the successor, and no byte of it", async () => {
  const successor = madeToken();
  await using gateway = await TestGateway.start({ refreshSandboxToken: () => ({ token: successor }) });
  expect(await debugRpc(["refresh"], gateway.url)).toEqual({ code: 0, stdout: described(successor), stderr: "" });
});

test("refresh that is refused exits with 1", async () => {
  await using gateway = await TestGateway.start({
    refreshSandboxToken: () => {
      throw new ConnectError("invalid token", Code.Unauthenticated);
    },
  });
  const ran = await debugRpc(["refresh"], gateway.url);
  expect(ran).toEqual({ code: 1, stdout: "", stderr: "Unauthenticated: invalid token\n" });
});

test("show-token and show-principal speak of the token at hand, without a gateway", async () => {
  const none = { OPENSHELL_ENDPOINT: "" };
  expect(await debugRpc(["show-token"], "", none)).toEqual({ code: 0, stdout: described(token), stderr: "" });
  const shown = await debugRpc(["show-principal"], "", none);
  expect(shown).toEqual({ code: 0, stdout: `${JSON.stringify(claims, undefined, 2)}\n`, stderr: "" });
});

test.each(["show-token", "show-principal"])("%s without a local token exits with 1", async (command) => {
  const account = { OPENSHELL_SANDBOX_TOKEN: "", OPENSHELL_K8S_SA_TOKEN_FILE: "/var/run/secrets/token" };
  const ran = await debugRpc([command], undefined, account);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain("OPENSHELL_SANDBOX_TOKEN");
});

test("a gateway that is not there exits with 1", async () => {
  for (const args of [["get-sandbox-config", "--sandbox-id", sandboxId], ["refresh"]]) {
    const stderr = "cannot connect to the gateway: connect ECONNREFUSED 127.0.0.1:1\n";
    expect(await debugRpc(args)).toEqual({ code: 1, stdout: "", stderr });
  }
});

test.each([
  ["no endpoint", ["refresh"], { OPENSHELL_ENDPOINT: "" }],
  ["no sandbox", ["get-sandbox-config"], {}],
  ["a flag that is none", ["get-sandbox-config", "--id", "x"], {}],
  ["no command", [], {}],
  ["a command that is none", ["frobnicate"], {}],
])("%s exits with 1 and says something", async (_name, args, more) => {
  const ran = await debugRpc(args, undefined, more as Record<string, string>);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).not.toBe("");
});

test.each(["--help", "-h"])("%s prints the usage and exits with 0", async (flag) => {
  const ran = await debugRpc([flag]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toContain("Usage: openshell-sandbox debug-rpc");
});
