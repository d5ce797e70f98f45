import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";

export interface Sandbox {
  readonly id: string;
  readonly token: string;
}

/** Opens a supervisor's session for each sandbox, each on a connection of its own as supervisors do, and keeps them open. */
export async function openSessions(url: string, sandboxes: readonly Sandbox[]): Promise<Disposable> {
  const leave = new AbortController();
  const managers: Http2SessionManager[] = [];
  const open = async ({ id, token }: Sandbox) => {
    const sessionManager = new Http2SessionManager(url);
    managers.push(sessionManager);
    const client = createClient(OpenShell, createGrpcTransport({ baseUrl: url, sessionManager }));
    const accepted = Promise.withResolvers<void>();
    const held = async () => {
      const headers = { authorization: `Bearer ${token}` };
      for await (const message of client.connectSupervisor(hello(id, leave.signal), {
        headers,
        signal: leave.signal,
      })) {
        if (message.payload.case === "sessionAccepted") accepted.resolve();
      }
    };
    held().catch((failed) => (leave.signal.aborted ? undefined : accepted.reject(failed)));
    await accepted.promise;
  };
  for (let from = 0; from < sandboxes.length; from += 50) await Promise.all(sandboxes.slice(from, from + 50).map(open));
  return {
    [Symbol.dispose]() {
      leave.abort();
      for (const manager of managers) manager.abort();
    },
  };
}

async function* hello(
  sandboxId: string,
  until: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof SupervisorMessageSchema>> {
  yield { payload: { case: "hello", value: { sandboxId, instanceId: crypto.randomUUID() } } };
  while (!until.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 15_000).unref());
    yield { payload: { case: "heartbeat", value: {} } };
  }
}
