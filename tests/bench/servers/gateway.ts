/** This gateway, whole: its database on disk, its log on a file, its tokens real. Only its driver starts nothing. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { generateSigningKey } from "../../../src/tokens/index.ts";
import { gatewayId, ringOf } from "../key-ring.ts";
import { answering } from "./answering.ts";
import { InertDriver } from "./inert-driver.ts";

const { values } = parseArgs({
  options: {
    /** Which way unary calls go: `lean`, or `connect`. */
    unary: { type: "string", default: "lean" },
    /** A Postgres URL, or the path of a SQLite file; a new one where nothing is said. */
    database: { type: "string" },
    /** A file with the key that signs its tokens, in PEM; a new one where nothing is said. */
    "signing-key": { type: "string" },
    port: { type: "string", default: "0" },
    cert: { type: "string" },
    key: { type: "string" },
  },
});
const benchDirectory = fileURLToPath(new URL("../../../.bench/", import.meta.url));
const directory = values.database === undefined ? mkdtempSync(join(benchDirectory, "state-")) : undefined;
const database = values.database ?? join(directory ?? "", "openshell.db");
const { cert: certFile, key: keyFile, "signing-key": signingKeyFile } = values;
const signingKey =
  signingKeyFile === undefined ? generateSigningKey().signing.reveal() : readFileSync(signingKeyFile, "utf8");
const driver = new InertDriver();

const gateway = await startGateway(
  {
    gatewayId,
    replica: { name: "bench" },
    database: database.startsWith("postgres:")
      ? { kind: "postgres", url: new Secret(database) }
      : { kind: "sqlite", path: database },
    listeners: [
      {
        ...{ kind: "users", host: "127.0.0.1", port: Number(values.port) },
        ...(certFile !== undefined && keyFile !== undefined && { tls: { certFile, keyFile } }),
      },
    ],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    developmentUser: { hosts: [] },
    // Chains of refreshes come faster here than those of any honest supervisor.
    tokens: { refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 },
    reflection: false,
    leanUnary: values.unary === "lean",
  },
  {
    version: "0.1.0",
    keys: ringOf(signingKey),
    createDriver: () => driver,
    clock: systemClock,
    log: createLog({ level: "info", destination: process.stderr }),
  },
);

answering(
  {
    url: () => gateway.addresses[0]?.url ?? "",
    tokens: () => Object.fromEntries([...driver.tokens].map(([id, token]) => [id, token.reveal()])),
    started: () => driver.started,
    async drain(): Promise<"drained"> {
      await gateway.drain("told by its parent", 20_000);
      return "drained";
    },
  },
  async () => {
    await gateway[Symbol.asyncDispose]();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  },
);
