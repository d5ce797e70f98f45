/** The gateway that is abused: a process of its own, so that its CPU time and memory are its own. Needs --expose-gc. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { once } from "node:events";
import { systemClock } from "../../../src/core/clock.ts";
import { startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { createKeyRing, createSigner } from "../../../src/tokens/index.ts";
import { InertDriver } from "../../bench/servers/inert-driver.ts";
import type { Figures, ToServe } from "./abused-gateway.ts";

const [{ database, signingKey, tls, limits }] = (await once(process, "message")) as [ToServe];
const privateKey = createPrivateKey(signingKey);
const signer = createSigner(privateKey);
const gateway = await startGateway(
  {
    gatewayId: "openshell",
    replica: { name: "abused" },
    database: { kind: "sqlite", path: database },
    listeners: [
      { kind: "users", host: "127.0.0.1", port: 0 },
      { kind: "users", host: "127.0.0.1", port: 0, tls },
    ],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    // Whoever has no credential is a stranger, as in production.
    developmentUser: undefined,
    tokens: {},
    reflection: false,
    limits,
  },
  {
    version: "0.0.0-test",
    keys: createKeyRing([{ keyId: signer.keyId, state: "active", publicKey: createPublicKey(privateKey), signer }]),
    createDriver: () => new InertDriver(),
    clock: systemClock,
    log: createLog({ level: "info", destination: process.stderr }),
  },
);

/** What is held once the garbage is gone. */
async function figures(): Promise<Figures> {
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  const isConnection = (resource: string) => resource === "TCPSocketWrap" || resource === "TLSWrap";
  return {
    heldBytes: heapUsed + external,
    connections: process.getActiveResourcesInfo().filter(isConnection).length,
  };
}

process.on("message", async (question) => {
  if (question === "figures") {
    process.send?.(await figures());
    return;
  }
  // Patience that no test has: what is left over makes it late.
  await gateway.drain("told by its parent", 60_000);
  await gateway[Symbol.asyncDispose]();
  process.disconnect();
});
process.send?.(gateway.addresses.map(({ port }) => port));
