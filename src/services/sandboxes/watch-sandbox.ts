import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { SandboxStreamEventSchema } from "../../../gen/openshell/v1/watch_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import { DisposableStack } from "../../core/disposable-stacks.ts";
import { type LogBuffer, lineFilter } from "../logs/index.ts";
import { EventQueue } from "./event-queue.ts";
import type { SandboxRegistry } from "./registry.ts";
import { sandboxMessage } from "./sandbox-message.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type StreamEvent = MessageInitShape<typeof SandboxStreamEventSchema>;

/** Events that wait for a slow watcher. */
const capacity = 1024;

/** Phases that end a stream with `stop_on_terminal`: nothing comes after them by itself. */
const terminal: ReadonlySet<SandboxPhase> = new Set([SandboxPhase.READY, SandboxPhase.ERROR, SandboxPhase.STOPPED]);

/**
 * Streams what happens to a sandbox: with `follow_status` the sandbox as it is and after each change, with `follow_logs`
 * the lines to come, after the newest ones where the request says how many or since when. It ends when the sandbox is
 * gone. A watcher that is too slow loses lines, and is told how many.
 */
export function watchSandbox(deps: {
  readonly registry: SandboxRegistry;
  readonly logs: Pick<LogBuffer, "subscribe" | "tail">;
}): HandlerOf<typeof OpenShell, typeof openShellAuthorization, "watchSandbox"> {
  return (request, { sandbox, signal }) => {
    const { followStatus, followLogs, stopOnTerminal, logTailLines, logSinceMs, logSources, logMinLevel } = request;
    const query = { lines: logTailLines, sinceMs: logSinceMs, sources: logSources, minLevel: logMinLevel };
    const wants = lineFilter(query);
    const current = deps.registry.get(sandbox);

    const subscriptions = new DisposableStack();
    const queue = new EventQueue<StreamEvent>({
      capacity,
      mayDrop: ({ payload }) => payload?.case === "log",
      onDropped: (count) => ({ payload: { case: "warning", value: { message: lost(count) } } }),
      onEnd: () => subscriptions.dispose(),
    });
    const show = (record: SandboxRecord) => {
      if (followStatus) queue.push({ payload: { case: "sandbox", value: sandboxMessage(record) } });
      if (stopOnTerminal && terminal.has(record.phase)) queue.end();
    };

    const end = () => queue.end();
    signal.addEventListener("abort", end);
    subscriptions.defer(() => signal.removeEventListener("abort", end));
    subscriptions.use(
      deps.registry.onChange((change) => {
        if (change.kind === "changed" && change.record.id === sandbox.id) show(change.record);
        if (change.kind === "removed" && change.id === sandbox.id) queue.end();
      }),
    );
    const showLine = (value: SandboxLogLine) => queue.push({ payload: { case: "log", value } });
    if (followLogs) subscriptions.use(deps.logs.subscribe(sandbox, (line) => wants(line) && showLine(line)));
    show(current);
    if (followLogs && (logTailLines > 0 || logSinceMs > 0n)) deps.logs.tail(sandbox, query).lines.forEach(showLine);
    if (signal.aborted || !(followStatus || followLogs || stopOnTerminal)) queue.end();
    return queue;
  };
}

const lost = (count: number) => `${count} log lines were lost, because they were read too slowly`;
