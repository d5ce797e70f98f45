import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import type { LogBuffer } from "./log-buffer.ts";

export type LogHandlers = {
  readonly [K in "pushSandboxLogs" | "getSandboxLogs"]: HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;
};

/** Lines of one message that are kept; supervisors send 50 at most. */
const mostLinesPerMessage = 100;

export function createLogHandlers({ logs }: { readonly logs: LogBuffer }): LogHandlers {
  return {
    async pushSandboxLogs(requests, { sandbox, signal }) {
      for await (const request of requests) {
        if (signal.aborted) break;
        logs.append(sandbox.id, "sandbox", request.logs.slice(0, mostLinesPerMessage));
        logs.countDropped(Math.max(request.logs.length - mostLinesPerMessage, 0));
      }
      return {};
    },
    getSandboxLogs({ lines, sinceMs, sources, minLevel }, { sandbox }) {
      const found = logs.tail(sandbox, { lines, sinceMs, sources, minLevel });
      return { logs: found.lines, bufferTotal: found.total };
    },
  };
}
