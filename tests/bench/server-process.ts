import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a server's process is asked by message; what it answers is said beside it. */
export interface Questions {
  /** Where it listens. */
  url: string;
  /** Memory after a collection of garbage. */
  memory: { readonly heapBytes: number };
  /** The current token of each sandbox, by id; of the gateway alone. */
  tokens: Readonly<Record<string, string>>;
}

const programs = {
  gateway: new URL("./servers/gateway.ts", import.meta.url),
  "node:http2": new URL("./servers/bare-http2.ts", import.meta.url),
  "@grpc/grpc-js": new URL("./servers/grpc-js.ts", import.meta.url),
  "connect-fastify": new URL("./servers/connect-fastify.ts", import.meta.url),
} as const;

export type ServerName = keyof typeof programs;
export const serverNames = Object.keys(programs) as ServerName[];

/** A server under measurement, in a process of its own so that its CPU time and its memory are its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly name: ServerName;
  readonly pid: number;
  readonly url: string;
  ask<Q extends keyof Questions>(question: Q): Promise<Questions[Q]>;
  /** Tells a peer which bytes to answer a method with. */
  answer(method: string, bytes: Buffer): Promise<void>;
}

const longestAnswerMs = 60_000;

export interface ServerOptions {
  /** Where its log goes, and what it is asked to write beside it. */
  readonly directory: string;
  /** For Node, before the program. */
  readonly nodeArguments?: readonly string[];
}

/** Starts a server and waits until it listens. */
export async function startServer(
  name: ServerName,
  { directory, nodeArguments = [] }: ServerOptions,
): Promise<ServerProcess> {
  const log = openSync(join(directory, `${name.replace(/\W+/g, "-")}.log`), "w");
  const child = fork(fileURLToPath(programs[name]), {
    execArgv: ["--expose-gc", ...nodeArguments],
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const say = async (message: object): Promise<unknown> => {
    const answer = nextMessage(child, name);
    child.send(message);
    return await answer;
  };
  await nextMessage(child, name);
  return {
    name,
    pid: child.pid ?? 0,
    url: (await say({ ask: "url" })) as string,
    ask: async (question) => (await say({ ask: question })) as never,
    answer: async (method, bytes) => void (await say({ ask: "answer", method, bytes: bytes.toString("base64") })),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function nextMessage(child: ChildProcess, name: string): Promise<unknown> {
  const signal = AbortSignal.timeout(longestAnswerMs);
  const abandon = new AbortController();
  const within = { signal: AbortSignal.any([signal, abandon.signal]) };
  try {
    return await Promise.race([
      once(child, "message", within).then(([message]) => message),
      once(child, "exit", within).then(([code]) => Promise.reject(new Error(`${name} ended with code ${code}`))),
    ]);
  } finally {
    abandon.abort();
  }
}
