import type { ServiceImpl } from "@connectrpc/connect";
import { type Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { type Clock, pause } from "../../core/clock.ts";
import { Refusal } from "../../core/refusal.ts";
import { toConnectError } from "../call/index.ts";
import type { OpenStreams } from "../rpc/index.ts";
import type { ServingState } from "../serving-state.ts";

export interface HealthOptions {
  readonly state: ServingState;
  /** Full names of what is served; the empty name, for the gateway as a whole, is known anyway. */
  readonly services: readonly string[];
  readonly streams: OpenStreams;
  readonly clock: Clock;
  /** Watches at once; strangers may watch. */
  readonly mostWatchers: number;
}

/** How often a watch asks for the state, in milliseconds. A drain is told at once, and ends the watch. */
const watchMs = 2_000;

/** The gRPC health checking protocol (requirement G3). All services are in one state: they share a process. */
export function healthService(options: HealthOptions): ServiceImpl<typeof Health> {
  const { state, streams, clock, mostWatchers } = options;
  const known = new Set(["", ...options.services]);
  let watchers = 0;

  const current = async () => ((await state.now()).ready ? Status.SERVING : Status.NOT_SERVING);

  return {
    async check({ service }) {
      if (!known.has(service)) throw toConnectError(new Refusal("not-found", { says: "unknown service" }));
      return { status: await current() };
    },
    async list() {
      const status = await current();
      return { statuses: Object.fromEntries([...known].map((name) => [name, { status }])) };
    },
    async *watch({ service }, context) {
      if (watchers >= mostWatchers)
        throw toConnectError(new Refusal("limit-reached", { says: "too many health watches" }));
      watchers++;
      using stream = streams.open(context.signal);
      try {
        let told: Status | undefined;
        for (;;) {
          const status = known.has(service) ? await current() : Status.SERVICE_UNKNOWN;
          if (status !== told) yield { status };
          told = status;
          if (stream.signal.aborted) throw toConnectError(stream.signal.reason);
          await pause(clock, watchMs, stream.signal);
        }
      } finally {
        watchers--;
      }
    },
  };
}
