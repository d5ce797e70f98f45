import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A server under measurement, in a process of its own so that its CPU time is its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  /** Asks the server for something, by a message to it and its answer. */
  ask<T>(message: object): Promise<T>;
}

/** Starts `servers/<name>.ts`, which answers messages, and waits until it says that it is there. */
export async function startServer(name: string): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url)), {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await answerOf(child);
  return {
    pid: child.pid ?? 0,
    ask: async (message) => {
      const answer = answerOf(child);
      child.send(message);
      return (await answer) as never;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const given = AbortSignal.timeout(120_000);
  const [answer] = await Promise.race([
    once(child, "message", { signal: given }),
    once(child, "exit", { signal: given }).then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return answer;
}
