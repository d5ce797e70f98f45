import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import { begin, frame, openConnection } from "./grpc.ts";

export interface Sandbox {
  readonly id: string;
  readonly token: string;
}

/** How many are opened at the same time. */
const atOnce = 50;

/**
 * Opens a supervisor's session for each sandbox, says hello, waits to be accepted, and sends one heartbeat.
 * @param perConnection 1 as supervisors do
 */
export async function openSessions(
  url: string,
  sandboxes: readonly Sandbox[],
  perConnection: number,
): Promise<Disposable> {
  using opened = new DisposableStack();
  let connection: (ClientHttp2Session & Disposable) | undefined;
  let waiting: Promise<void>[] = [];
  for (const [at, sandbox] of sandboxes.entries()) {
    if (at % perConnection === 0 || !connection) connection = opened.use(await openConnection(url));
    waiting.push(openSession(connection, sandbox));
    if (waiting.length < atOnce) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
  return opened.move();
}

async function openSession(connection: ClientHttp2Session, { id, token }: Sandbox): Promise<void> {
  const stream = begin(connection, { method: "ConnectSupervisor", token });
  let isOpen = false;
  stream.on("error", () => undefined);
  stream.write(message({ case: "hello", value: { sandboxId: id, instanceId: crypto.randomUUID() } }));
  const ended = once(stream, "close").then(() => {
    if (!isOpen) throw new Error("a session was not accepted");
  });
  await Promise.race([once(stream, "data"), ended]);
  isOpen = true;
  stream.write(message({ case: "heartbeat", value: {} }));
}

const message = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object) =>
  frame(toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload })));
