/**
 * Refreshes tokens as fast as it can, as the gateway does but for the wire: each token is verified, its successor signed
 * and stored, and no answer is given before that is on disk. Says in one line of JSON how far it came.
 */
import { parseArgs } from "node:util";
import { type Arrival, createChain, createSandboxJwtAuthenticator } from "../../../src/auth/index.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { newSandboxId } from "../../../src/core/ids.ts";
import type { SandboxPrincipal } from "../../../src/core/principal.ts";
import { Secret } from "../../../src/core/secret.ts";
import { openStore } from "../../../src/store/index.ts";
import { createAudit, createLog, createMetrics } from "../../../src/telemetry/index.ts";
import {
  createKeyRing,
  createSigner,
  createTokens,
  generateSigningKey,
  readSigningKey,
} from "../../../src/tokens/index.ts";
import { newSandbox } from "../../contract/sandboxes.ts";
import { cpuSeconds, cpuSecondsWithChildren } from "../process-figures.ts";

/** What it says. */
export interface Refreshes {
  readonly refreshes: number;
  readonly seconds: number;
  /** Of this process, user and system, all threads. */
  readonly cpuSeconds: number;
  /** Of the database's processes; 0 where it has none of its own. */
  readonly databaseCpuSeconds: number;
}

const { values } = parseArgs({
  options: {
    /** A Postgres URL, or the path of a SQLite file that is not there yet. */
    database: { type: "string", default: "" },
    /** The process that started the database's. */
    postmaster: { type: "string" },
    seconds: { type: "string", default: "1" },
    /** Families that are refreshed at the same time. */
    families: { type: "string", default: "1" },
  },
});
const method = "openshell.v1.OpenShell/RefreshSandboxToken";
const arrival: Arrival = {
  ...{ listener: "sandboxes", peer: "127.0.0.1", localAddress: "127.0.0.1", host: "127.0.0.1" },
  ...{ origin: undefined, encrypted: false },
};

const { database } = values;
const log = createLog({ level: "info", destination: process.stderr });
await using store = await openStore({
  database: database.startsWith("postgres:")
    ? { kind: "postgres", url: new Secret(database) }
    : { kind: "sqlite", path: database },
  log,
});
const { keyId, privateKey, publicKey } = readSigningKey(generateSigningKey());
await using tokens = await createTokens({
  ...{ gatewayId: "openshell", store: store.families, log, clock: systemClock },
  ...{ refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 },
  audit: createAudit({ log, metrics: createMetrics({ version: "0", methods: [] }) }),
  keys: createKeyRing([{ keyId, state: "active", publicKey, signer: createSigner(privateKey, keyId) }]),
  deliver: () => Promise.resolve(),
});
const authenticate = createChain({ authenticators: [createSandboxJwtAuthenticator({ tokens })] });

async function begin(): Promise<Secret> {
  const id = newSandboxId();
  await store.sandboxes.insert(newSandbox({ id }));
  return (await tokens.issue(id, "created")).token;
}

async function refresh(token: Secret): Promise<Secret> {
  const verdict = await authenticate({ method, bearer: token.reveal(), arrival });
  if (!verdict.ok) throw new Error(`a good token was refused: ${verdict.reason}`);
  return (await tokens.refresh(verdict.value as SandboxPrincipal, { conflict: false })).token;
}

/** Refreshes all families for so long; resolves to how many refreshes that were. */
async function run(current: Secret[], seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const chain = async (at: number) => {
    while (performance.now() < end) {
      const token = current[at];
      if (token) current[at] = await refresh(token);
      count += 1;
    }
  };
  await Promise.all(current.map((_, at) => chain(at)));
  return count;
}

const current = await Promise.all(Array.from({ length: Number(values.families) }, begin));
await run(current, Number(values.seconds));
const figures = () => ({
  at: performance.now(),
  own: cpuSeconds(process.pid),
  database: values.postmaster === undefined ? 0 : cpuSecondsWithChildren(Number(values.postmaster)),
});
const before = figures();
const refreshes = await run(current, Number(values.seconds));
const after = figures();
const said: Refreshes = {
  refreshes,
  seconds: (after.at - before.at) / 1_000,
  cpuSeconds: after.own - before.own,
  databaseCpuSeconds: after.database - before.database,
};
process.stdout.write(`${JSON.stringify(said)}\n`);
