/** This gateway, whole: its database on disk, its log on a file, its tokens real. Only its driver starts nothing. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../src/core/clock.ts";
import { startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { createKeyRing, createSigner, generateSigningKey, readSigningKey } from "../../../src/tokens/index.ts";
import { answering } from "./answering.ts";
import { InertDriver } from "./inert-driver.ts";

const benchDirectory = fileURLToPath(new URL("../../../.bench/", import.meta.url));
mkdirSync(benchDirectory, { recursive: true });
const directory = mkdtempSync(join(benchDirectory, "state-"));
const { keyId, privateKey, publicKey } = readSigningKey(generateSigningKey());
const driver = new InertDriver();

const gateway = await startGateway(
  {
    gatewayId: "openshell",
    replica: { name: "bench" },
    database: { kind: "sqlite", path: join(directory, "openshell.db") },
    listeners: [{ kind: "users", host: "127.0.0.1", port: 0 }],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    developmentUser: { hosts: [] },
    // Chains of refreshes come faster here than those of any honest supervisor.
    tokens: { refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 },
    reflection: false,
  },
  {
    version: "0.1.0",
    keys: createKeyRing([{ keyId, state: "active", publicKey, signer: createSigner(privateKey, keyId) }]),
    createDriver: () => driver,
    clock: systemClock,
    log: createLog({ level: "info", destination: process.stderr }),
  },
);

answering(
  {
    url: () => gateway.addresses[0]?.url ?? "",
    tokens: () => Object.fromEntries([...driver.tokens].map(([id, token]) => [id, token.reveal()])),
  },
  async () => {
    await gateway[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  },
);
