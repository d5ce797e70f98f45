import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The gateway program, running with a state folder of its own. */
export interface GatewayProcess extends AsyncDisposable {
  readonly endpoint: string;
  readonly stateDir: string;
  /** Waits for a record of the audit log that the test accepts. */
  audited(accepts: (record: AuditRecord) => boolean, withinMs: number): Promise<AuditRecord | undefined>;
}

export type AuditRecord = Readonly<Record<string, unknown>>;

/**
 * Starts the gateway program and waits until it says that it is ready.
 * @throws Error with the program's last lines where it ends or stays silent.
 */
export async function startGatewayProcess(node: string, environment: NodeJS.ProcessEnv): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), "openshell-demo-"));
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const program = fileURLToPath(import.meta.resolve(`../bin/openshell-gateway${import.meta.url.slice(-3)}`));
  const child = spawn(node, [program, "--dev", "--port", new URL(endpoint).port], {
    env: {
      PATH: environment["PATH"],
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      XDG_CONFIG_HOME: join(folder, "config"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const audit = readAudit(child);
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(endpoint, child, audit.lastLines);
  } catch (failed) {
    await stop();
    throw failed;
  }
  return {
    endpoint,
    stateDir: join(folder, "state", "openshell"),
    audited: audit.find,
    [Symbol.asyncDispose]: stop,
  };
}

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function readAudit(child: ChildProcess) {
  const records: AuditRecord[] = [];
  const lastLines: string[] = [];
  const arrived = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      const record = parseRecord(line);
      if (record?.["audit"] !== true) return;
      records.push(record);
      arrived.dispatchEvent(new Event("record"));
    });
  }
  return {
    lastLines,
    find: async (accepts: (record: AuditRecord) => boolean, withinMs: number) => {
      const deadline = AbortSignal.timeout(withinMs);
      for (;;) {
        const found = records.find(accepts);
        if (found || deadline.aborted) return found;
        await once(arrived, "record", { signal: deadline }).catch(() => undefined);
      }
    },
  };
}

function parseRecord(line: string): AuditRecord | undefined {
  try {
    return line.startsWith("{") ? (JSON.parse(line) as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}

async function ready(endpoint: string, child: ChildProcess, lastLines: readonly string[]): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${endpoint}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the gateway did not become ready; its last lines:\n${lastLines.join("\n")}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(forced);
}
