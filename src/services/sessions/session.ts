import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { GatewayMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Refusal } from "../../core/refusal.ts";
import type { Outbox } from "./outbox.ts";

export type ToSupervisor = MessageInitShape<typeof GatewayMessageSchema>;

const heartbeat = create(GatewayMessageSchema, { payload: { case: "heartbeat", value: {} } });

/** One supervisor's stream, from its hello to its end. */
export class Session {
  readonly id: string = crypto.randomUUID();
  readonly sandboxId: SandboxId;
  /** As the supervisor named itself: one for each process of it. */
  readonly instanceId: string;
  readonly #outbox: Outbox<ToSupervisor>;
  #silentTurns = 0;

  constructor(sandboxId: SandboxId, instanceId: string, outbox: Outbox<ToSupervisor>) {
    this.sandboxId = sandboxId;
    this.instanceId = instanceId;
    this.#outbox = outbox;
  }

  /** Queues a message; false where the supervisor does not take what waits, or the session has ended. */
  send(message: ToSupervisor): boolean {
    return this.#outbox.offer(message);
  }

  /** Ends the session with an error for the supervisor. */
  end(refusal: Refusal): void {
    this.#outbox.fail(refusal);
  }

  /** Something came from the supervisor. */
  heard(): void {
    this.#silentTurns = 0;
  }

  /** Sends a heartbeat, unless one waits already. Returns for how many turns before this one nothing was heard. */
  beat(): number {
    if (this.#outbox.length === 0) this.send(heartbeat);
    this.#silentTurns += 1;
    return this.#silentTurns - 1;
  }
}
