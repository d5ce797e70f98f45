import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { GatewayMessage, SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import type { Clock } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { Heart } from "./heart.ts";
import { Outbox } from "./outbox.ts";
import { Watchdog } from "./watchdog.ts";

export interface SessionOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  /** One for the life of the process. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the session in good order. */
  readonly signal: AbortSignal;
  /** The first answer took too long: the connection may be dead. */
  readonly onSilence: () => void;
}

type SupervisorMessage = MessageInitShape<typeof SupervisorMessageSchema>;

const acceptMs = 15_000;
const shortestIntervalMs = 5000;
const silentIntervals = 3;
const farewellMs = 1000;

/**
 * One session (ConnectSupervisor): hello, then a heartbeat at each interval that the gateway names, both ways; a gateway
 * that is silent for three intervals is given up.
 * @returns how many milliseconds it stood after it was accepted, when it ended in good order.
 * @throws ConnectError, the status that it ended with.
 */
export async function holdSession(options: SessionOptions): Promise<number> {
  const { client, sandboxId, instanceId, clock, log, signal } = options;
  const call = new AbortController();
  const outbox = new Outbox<SupervisorMessage>();
  let accepted: Acceptance | undefined;
  using watchdog = new Watchdog(clock, () => {
    call.abort(new ConnectError("the gateway is silent", Code.Unavailable));
    if (!accepted) options.onSilence();
  });
  using farewell = new Watchdog(clock, () => call.abort());
  const leave = () => {
    outbox.close();
    farewell.feed(farewellMs);
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();

  outbox.push({ payload: { case: "hello", value: { sandboxId, instanceId } } });
  watchdog.feed(acceptMs);
  using heart = new Heart(clock, () => outbox.push({ payload: { case: "heartbeat", value: {} } }));
  try {
    for await (const { payload } of client.connectSupervisor(outbox, { signal: call.signal })) {
      if (!accepted) {
        accepted = acceptance(payload, clock);
        log.info({ sessionId: accepted.sessionId }, "the gateway accepted the session");
        heart.beat(accepted.intervalMs);
      } else if (payload.case === "relayOpen") {
        outbox.push(refuseRelay(payload.value.channelId));
      }
      watchdog.feed(accepted.intervalMs * silentIntervals);
    }
  } catch (error) {
    // The library reports an abort as canceled; why it was aborted says more.
    if (call.signal.aborted && !signal.aborted) throw new SessionFailure(call.signal.reason, stood());
    throw new SessionFailure(error, stood());
  } finally {
    signal.removeEventListener("abort", leave);
    outbox.close();
    call.abort();
  }
  return stood();

  function stood(): number {
    return accepted ? clock.monotonic() - accepted.at : 0;
  }
}

/** A session that broke. The cause is a ConnectError. */
export class SessionFailure extends Error {
  override readonly name = "SessionFailure";
  /** Milliseconds since the gateway accepted it; 0 where it never did. */
  readonly stoodMs: number;

  constructor(cause: unknown, stoodMs: number) {
    super(ConnectError.from(cause).message, { cause: ConnectError.from(cause) });
    this.stoodMs = stoodMs;
  }
}

interface Acceptance {
  readonly sessionId: string;
  readonly intervalMs: number;
  readonly at: number;
}

function acceptance(payload: GatewayMessage["payload"], clock: Clock): Acceptance {
  if (payload.case === "sessionAccepted") {
    const { sessionId, heartbeatIntervalSecs } = payload.value;
    const intervalMs = Math.max(heartbeatIntervalSecs * 1000, shortestIntervalMs);
    return { sessionId, intervalMs, at: clock.monotonic() };
  }
  const why = payload.case === "sessionRejected" ? `rejected: ${payload.value.reason}` : "not answered as a session";
  throw new ConnectError(`the session was ${why}`, Code.Aborted);
}

const refuseRelay = (channelId: string): SupervisorMessage => ({
  payload: {
    case: "relayOpenResult",
    value: { channelId, success: false, error: "this supervisor does not relay connections" },
  },
});
