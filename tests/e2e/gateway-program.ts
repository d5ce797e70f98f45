import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { builtProgram, compileCache } from "../support/built-program.ts";
import type { Client } from "../support/gateway.ts";

const program = builtProgram("openshell-gateway");
const patienceMs = 15_000;

/** The gateway program as people start it, with a home of its own. */
export interface GatewayProgram extends AsyncDisposable {
  readonly url: string;
  readonly stateDir: string;
  readonly pid: number;
  /** All that it wrote. */
  output(): string;
  client(token?: string): Client;
  /** Ends it; resolves to its exit code, or null where a signal ended it. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/** Starts it and waits until it is ready. The same home and port make it the same installation. */
export async function startGatewayProgram(home: string, port: number, ...flags: string[]): Promise<GatewayProgram> {
  const child = spawn(process.execPath, [program, "--dev", "--port", String(port), ...flags], {
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      XDG_STATE_HOME: join(home, "state"),
      XDG_CONFIG_HOME: home,
      ...compileCache(),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const url = `http://127.0.0.1:${port}`;
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  await ready(url, child, () => output).catch(async (failed: unknown) => {
    await end("SIGKILL");
    throw failed;
  });
  return {
    ...{ url, end, output: () => output, pid: child.pid ?? 0, stateDir: join(home, "state", "openshell") },
    client(token) {
      const interceptors: Interceptor[] = token === undefined ? [] : [bearer(token)];
      return createClient(OpenShell, createGrpcTransport({ baseUrl: url, interceptors, defaultTimeoutMs: patienceMs }));
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end("SIGTERM");
    },
  };
}

async function ready(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the gateway program is not ready:\n${output()}`);
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
