import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "reflect-metadata";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { connectGateway } from "../../../src/supervisor/connection.ts";
import { Outbox } from "../../../src/supervisor/outbox.ts";
import { TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

const noTls = { ca: undefined, client: undefined, serverName: undefined };
const anyId = { sandboxId: "x" };

/** A certificate for `gateway.test` alone, which is its own authority. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const extensions = [new SubjectAlternativeNameExtension([{ type: "dns", value: "gateway.test" }])];
  const made = await X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: algorithm,
    name: "CN=test",
    extensions,
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { cert: made.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
}

let directory: string;
let ca: string;
let endpoint: string;
let close: () => void;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "connection-"));
  const { cert, key } = await certificate();
  ca = join(directory, "ca.pem");
  await writeFile(ca, cert);
  const routes = connectNodeAdapter({
    routes: (router) => void router.service(OpenShell, { getSandboxConfig: () => ({ version: 5 }) }),
  });
  const server = createSecureServer({ cert, key }, routes);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => server.close();
});
afterAll(async () => {
  close();
  await rm(directory, { recursive: true });
});

const ask = async (tls: object) => {
  using connection = connectGateway({ endpoint, tls: { ...noTls, ...tls } });
  return await createClient(OpenShell, connection.transport()).getSandboxConfig(anyId, { timeoutMs: 5000 });
};

test("a gateway is verified against the configured authority, under the configured name", async () => {
  expect((await ask({ ca, serverName: "gateway.test" })).version).toBe(5);
});

test("a gateway whose certificate is for another name is not talked to", async () => {
  await expect(ask({ ca })).rejects.toThrow(/certificate|altnames|IP/i);
});

test("a gateway of an unknown authority is not talked to, though the environment would have it", async () => {
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    await expect(ask({ serverName: "gateway.test" })).rejects.toThrow(/self-signed|certificate/);
  } finally {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  }
});

test("a connection that was given up with streams open is not pinged any more", async () => {
  const pingIntervalMs = 20;
  await using gateway = await TestGateway.start();
  const uncaught: unknown[] = [];
  const remember = (error: unknown) => uncaught.push(error);
  process.on("uncaughtExceptionMonitor", remember);
  using connection = connectGateway({ endpoint: gateway.url, tls: noTls }, { pingIntervalMs });
  const client = createClient(OpenShell, connection.transport());
  const open = new Outbox<object>();
  const stream = Array.fromAsync(client.connectSupervisor(open)).catch(() => undefined);
  await until(() => gateway.count("ConnectSupervisor") === 1);
  connection.reset();
  await stream;
  // Timers of one duration end in the order in which they began, so its next ping would have been before the second of these.
  for (let ping = 0; ping < 2; ping++) await new Promise((resolve) => setTimeout(resolve, pingIntervalMs));
  process.off("uncaughtExceptionMonitor", remember);
  expect(uncaught).toEqual([]);
});
