import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createSecureServer } from "node:http2";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { issue, newAuthority } from "./certificates.ts";
import { newUser, type User } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

let authority: Awaited<ReturnType<typeof newAuthority>>;
let server: { certificate: string; key: string };
let client: { certificate: string; key: string };

beforeAll(async () => {
  authority = await newAuthority();
  [server, client] = await Promise.all([issue(authority, "gateway"), issue(authority, "ada")]);
});

const pem = () => authority.certificate.toString("pem");

function startSecureGateway() {
  const options = { cert: server.certificate, key: server.key, ca: pem(), requestCert: true, rejectUnauthorized: true };
  return startSmallGateway({ server: createSecureServer(options) });
}

/** What `openshell-gateway generate-certs` leaves on the gateway's own machine. */
async function generated({ home }: User, ca = pem()): Promise<void> {
  const directory = join(home, ".local/state/openshell/tls");
  await mkdir(join(directory, "client"), { recursive: true });
  await writeFile(join(directory, "ca.crt"), ca);
  await writeFile(join(directory, "client/tls.crt"), client.certificate);
  await writeFile(join(directory, "client/tls.key"), client.key);
}

test("a gateway on this machine is registered with the certificates that were made here", async () => {
  await using gateway = await startSecureGateway();
  await using user = await newUser();
  await generated(user);
  const added = await user.run("gateway", "add", gateway.endpoint, "--local");
  expect(added.stderr).toContain("it answers, version 1.2.3");
  const key = join(user.home, ".config/openshell/gateways/openshell/mtls/tls.key");
  expect(await readFile(key, "utf8")).toBe(client.key);
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  expect((await stat(join(key, ".."))).mode & 0o777).toBe(0o700);
  expect((await user.run("status")).stdout).toMatch(/^Authentication +authenticated$/m);
});

test("without certificates nothing is registered, and the user is told how to make them", async () => {
  await using user = await newUser();
  const { code, stderr } = await user.run("gateway", "add", "https://localhost:1", "--local");
  expect(code).toBe(1);
  expect(stderr).toContain("openshell-gateway generate-certs");
  expect((await user.run("gateway", "list", "-o", "json")).stdout).toBe("[]\n");
});

test("a gateway whose certificate is signed by a stranger is not talked to", async () => {
  await using gateway = await startSecureGateway();
  await using user = await newUser();
  await generated(user, (await newAuthority()).certificate.toString("pem"));
  await user.run("gateway", "add", gateway.endpoint, "--local");
  const { code, stdout, stderr } = await user.run("sandbox", "list");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("its certificate is not signed by an authority that this gateway's registration trusts");
  expect(gateway.seen).toEqual([]);
});

test("an unchecked certificate is accepted only where that is asked for, and with a warning", async () => {
  await using gateway = await startSecureGateway();
  await using user = await newUser();
  await generated(user, (await newAuthority()).certificate.toString("pem"));
  await user.run("gateway", "add", gateway.endpoint, "--local");
  const { code, stderr } = await user.run("--gateway-insecure", "sandbox", "list");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "warning: the gateway's certificate is not checked\n" });
});

test("a gateway that wants a client certificate refuses a caller without one", async () => {
  await using gateway = await startSecureGateway();
  await using user = await newUser();
  const { code, stderr } = await user.run("--gateway-endpoint", gateway.endpoint, "--gateway-insecure", "whoami");
  expect(code).toBe(1);
  expect(stderr).toContain(`cannot reach the gateway at ${gateway.endpoint}`);
  expect(gateway.seen).toEqual([]);
});

test("plain TCP behind an https endpoint is said not to speak TLS", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser();
  const { stderr } = await user.run("--gateway-endpoint", gateway.endpoint.replace("http:", "https:"), "whoami");
  expect(stderr).toContain(`cannot reach the gateway at ${gateway.endpoint.replace("http:", "https:")}`);
  expect(stderr).toMatch(/^ {2}next: /m);
});
