import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { newUser, type User } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

const token = "a-token.that-must.not-be-seen";

async function storeLogin({ home }: User, endpoint: string, authMode = "oidc"): Promise<void> {
  const directory = join(home, ".config/openshell/gateways/corp");
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, "metadata.json"),
    JSON.stringify({ gateway_endpoint: endpoint, auth_mode: authMode }),
  );
  await writeFile(join(directory, "oidc_token.json"), JSON.stringify({ access_token: token, expires_at: 1 }));
}

const refuseAll = (code: Code, message: string) => () => {
  throw new ConnectError(message, code);
};

test("a stored login goes to the gateway that it is for, and is never printed", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser();
  await storeLogin(user, gateway.endpoint);
  const status = await user.run("-v", "-g", "corp", "status");
  expect(status.code, status.stderr).toBe(0);
  expect(status.stdout).toMatch(/^Authentication +authenticated$/m);
  expect(gateway.seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  expect(status.stdout + status.stderr).not.toContain(token);
});

test("a stored login is not sent to another endpoint, even where the gateway's name is given", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser();
  await storeLogin(user, "https://gateway.example");
  const listed = await user.run("-g", "corp", "--gateway-endpoint", gateway.endpoint, "sandbox", "list", "--names");
  expect(listed.code).toBe(0);
  expect(listed.stderr).toContain("so its login is not sent");
  expect(gateway.seen).toMatchObject([{ method: "ListSandboxes", authorization: null }]);
});

test("a login that the gateway refuses is said to have expired where its file says so", async () => {
  const refuse = refuseAll(Code.Unauthenticated, "invalid token: ExpiredSignature");
  await using gateway = await startSmallGateway({ methods: { getCurrentUser: refuse } });
  await using user = await newUser({ OPENSHELL_GATEWAY: "corp" });
  await storeLogin(user, gateway.endpoint);
  const { code, stderr } = await user.run("-v", "whoami");
  expect(code).toBe(1);
  expect(stderr).toContain("  next: the stored login has expired; store a fresh token\n");
  expect(stderr).not.toContain(token);
});

test("a gateway that wants a login says so, and status says that authentication failed", async () => {
  const refuse = refuseAll(Code.Unauthenticated, "missing authorization header");
  await using gateway = await startSmallGateway({ methods: { listSandboxes: refuse, getGatewayInfo: refuse } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  expect(await user.run("sandbox", "list")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      `error: the gateway at ${gateway.endpoint} answered UNAUTHENTICATED: missing authorization header\n` +
      "  next: this gateway wants a login or a client certificate, and none is stored for it\n",
  });
  const status = await user.run("status", "-o", "json");
  expect(status.code).toBe(1);
  expect(JSON.parse(status.stdout)).toMatchObject({ status: "connected", version: "1.2.3", authentication: "failed" });
});

test("a login with OpenID Connect is refused in words, and nothing is registered", async () => {
  await using user = await newUser();
  const { code, stderr } = await user.run(
    "gateway",
    "add",
    "https://g.example",
    "--oidc-issuer",
    "https://i.example",
    "--oidc-client-id",
    "x",
  );
  expect(code).toBe(1);
  expect(stderr).toContain("a login with OpenID Connect (--oidc-issuer) is not supported yet; nothing was registered");
  expect(await readdir(user.home)).toEqual([]);
});
