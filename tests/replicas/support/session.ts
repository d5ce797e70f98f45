import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Replica, TestSandbox } from "./replica.ts";

/** A supervisor's session with one gateway. */
export interface Session extends Disposable {
  /** Resolves to how it ended: the status's name, `ok` where the supervisor ended it itself. */
  readonly ended: Promise<string>;
  /** How it ended; `open` as long as it did not. */
  state(): string;
}

/** Opens a session; resolves once it is accepted. */
export async function openSession(replica: Replica, { id, token }: TestSandbox): Promise<Session> {
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  const { promise: accepted, resolve: accept } = Promise.withResolvers<void>();
  async function* say() {
    yield { payload: { case: "hello", value: { sandboxId: id, instanceId: randomUUID() } } } as const;
    await over;
  }
  const answers = replica.client(await token()).connectSupervisor(say());
  const read = async () => {
    for await (const { payload } of answers) if (payload.case === "sessionAccepted") accept();
    return "ok";
  };
  let state = "open";
  const ended = read().catch((thrown: unknown) => nameOf(thrown));
  void ended.then((how) => {
    state = how;
    finish();
  });
  await Promise.race([accepted, ended.then((how) => Promise.reject(new Error(`a session was not accepted: ${how}`)))]);
  return { ended, state: () => state, [Symbol.dispose]: finish };
}

/** The name of the status that a call was refused with; `ok` where it was answered. */
export function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(() => "ok", nameOf);
}

const nameOf = (thrown: unknown) => Code[ConnectError.from(thrown).code] ?? "";
