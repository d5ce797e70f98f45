import type { SupervisorMessage } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import { Outbox } from "./outbox.ts";
import type { Session, ToSupervisor } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** Messages that may wait for a supervisor that does not read. */
const outboxLimit = 64;
const printable = /^[\x21-\x7e]{1,128}$/;

/** A supervisor's stream. The session lasts as long as the answers are read and the requests come. */
export function connectSupervisor(sessions: Sessions) {
  return (
    requests: AsyncIterable<SupervisorMessage>,
    { sandbox }: { readonly sandbox: ScopedSandbox },
  ): AsyncIterable<ToSupervisor> => {
    const outbox = new Outbox<ToSupervisor>(outboxLimit);
    void receive(sessions, sandbox, requests, outbox);
    return outbox;
  };
}

/** Reads what the supervisor sends, until either side ends; it never rejects. */
async function receive(
  sessions: Sessions,
  sandbox: ScopedSandbox,
  requests: AsyncIterable<SupervisorMessage>,
  outbox: Outbox<ToSupervisor>,
): Promise<void> {
  let session: Session | undefined;
  try {
    for await (const { payload } of requests) {
      if (outbox.ended) return;
      if (!session) session = sessions.open(sandbox, readHello(payload), outbox);
      else if (payload.case === "hello")
        throw new Refusal("request-invalid", { says: "hello: expected once, got another" });
      else session.heard();
    }
    outbox.finish();
  } catch (thrown) {
    outbox.fail(Refusal.from(thrown));
  }
}

function readHello(payload: SupervisorMessage["payload"]): string {
  if (payload.case !== "hello") throw new Refusal("request-invalid", { says: "hello: expected as the first message" });
  const { instanceId } = payload.value;
  if (printable.test(instanceId)) return instanceId;
  const shape =
    instanceId === "" ? "nothing" : `${instanceId.length} characters that are not all of these, or too many`;
  throw new Refusal("request-invalid", {
    says: `hello.instance_id: expected 1 to 128 printable ASCII characters without spaces, got ${shape}`,
  });
}
