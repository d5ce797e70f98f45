import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Certificate } from "./certificate.ts";

/** What a server's process is asked by message; what it answers is said beside it. */
export interface Questions {
  /** Where it listens. */
  url: string;
  /** Memory after a collection of garbage. */
  memory: { readonly heapBytes: number };
  /** The current token of each sandbox, by id; of a gateway alone. */
  tokens: Readonly<Record<string, string>>;
  /** How many sandboxes its driver was told to start; of a gateway alone. */
  started: number;
  /** Resolves when all calls have ended, politely; of a gateway alone. */
  drain: "drained";
}

/** A caller that a server without a gateway's store is to know, and what to answer it with. */
export interface Admitted {
  /** SHA-256 of its token, in base64. */
  readonly digest: string;
  readonly sandboxId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The whole answer to `GetSandboxConfig`, frame and all, in base64. */
  readonly config: string;
}

/** What a server's process is told or asked by message. */
export type Message =
  | { readonly ask: keyof Questions }
  | { readonly answer: { readonly method: string; readonly bytes: string } }
  | { readonly admit: readonly Admitted[] };

interface Program {
  readonly file: string;
  readonly arguments?: readonly string[];
}

const programs = {
  gateway: { file: "gateway.ts" },
  "gateway on Connect": { file: "gateway.ts", arguments: ["--unary", "connect"] },
  "node:http2, same work": { file: "same-work.ts" },
  "node:http2": { file: "bare-http2.ts" },
  "@grpc/grpc-js": { file: "grpc-js.ts" },
  "connect-fastify": { file: "connect-fastify.ts" },
} as const satisfies Record<string, Program>;

export type ServerName = keyof typeof programs;
export const serverNames = Object.keys(programs) as ServerName[];

/** Is it this project's, and no peer? */
export const isGateway = (name: ServerName): boolean => programs[name].file === "gateway.ts";

/** A server under measurement, in a process of its own so that its CPU time and its memory are its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly name: ServerName;
  readonly pid: number;
  readonly url: string;
  /** In PEM, the authority that its certificate is from; undefined for cleartext. */
  readonly ca: string | undefined;
  ask<Q extends keyof Questions>(question: Q): Promise<Questions[Q]>;
  /** Tells a peer which bytes to answer a method with. */
  answer(method: string, bytes: Buffer): Promise<void>;
  /** Tells a peer that authenticates whom to know. */
  admit(callers: readonly Admitted[]): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const longestAnswerMs = 120_000;

export interface ServerOptions {
  /** Where its log goes, and what it is asked to write beside it. */
  readonly directory: string;
  /** For Node, before the program. */
  readonly nodeArguments?: readonly string[];
  /** Serves with TLS. */
  readonly certificate?: Certificate | undefined;
  /** For the program itself. */
  readonly arguments?: readonly string[];
}

let started = 0;

/** Starts a server and waits until it listens. */
export async function startServer(name: ServerName, options: ServerOptions): Promise<ServerProcess> {
  const { directory, nodeArguments = [], certificate } = options;
  const program: Program = programs[name];
  started += 1;
  const log = openSync(join(directory, `${started}-${name.replace(/\W+/g, "-")}.log`), "w");
  const tls = certificate ? ["--cert", certificate.certFile, "--key", certificate.keyFile] : [];
  const given = [...(program.arguments ?? []), ...tls, ...(options.arguments ?? [])];
  const child = fork(fileURLToPath(new URL(`./servers/${program.file}`, import.meta.url)), given, {
    execArgv: ["--expose-gc", ...nodeArguments],
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const ended = once(child, "exit");
  const say = async (message: Message): Promise<unknown> => {
    const answer = nextMessage(child, name);
    child.send(message);
    return await answer;
  };
  await nextMessage(child, name);
  return {
    name,
    pid: child.pid ?? 0,
    url: (await say({ ask: "url" })) as string,
    ca: certificate?.ca,
    ask: async (question) => (await say({ ask: question })) as never,
    answer: async (method, bytes) => void (await say({ answer: { method, bytes: bytes.toString("base64") } })),
    admit: async (callers) => void (await say({ admit: callers })),
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
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
