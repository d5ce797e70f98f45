import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";

const pageSize = 1_000;

/** How many of the sandboxes in the workspace `default` a gateway calls ready. */
export async function readyCount(url: string, sandboxes: number): Promise<number> {
  const sessionManager = new Http2SessionManager(url);
  const client = createClient(OpenShell, createGrpcTransport({ baseUrl: url, sessionManager }));
  const offsets = Array.from({ length: Math.ceil(sandboxes / pageSize) }, (_, at) => at * pageSize);
  const pages = offsets.map((offset) => client.listSandboxes({ limit: pageSize, offset, workspace: "default" }));
  const found = (await Promise.all(pages)).flatMap((page) => page.sandboxes);
  sessionManager.abort();
  return found.filter(({ status }) => status?.phase === SandboxPhase.READY).length;
}
