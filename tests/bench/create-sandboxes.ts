import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { policy } from "./policy.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Sandbox } from "./supervisor-sessions.ts";

const atOnce = 50;

/** Creates sandboxes through the gateway's own API, and takes the tokens that its driver was given for them. */
export async function createSandboxes(gateway: ServerProcess, count: number): Promise<Sandbox[]> {
  const sessionManager = new Http2SessionManager(gateway.url, undefined, { ca: gateway.ca });
  const client = createClient(OpenShell, createGrpcTransport({ baseUrl: gateway.url, sessionManager }));
  const ids: string[] = [];
  while (ids.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - ids.length) }, () =>
      client.createSandbox({ spec: { policy } }),
    );
    for (const { sandbox } of await Promise.all(some)) ids.push(sandbox?.metadata?.id ?? "");
  }
  sessionManager.abort();
  const tokens = await gateway.ask("tokens");
  return ids.map((id) => ({ id, token: tokens[id] ?? "" }));
}
