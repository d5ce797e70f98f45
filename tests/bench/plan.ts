import type { Load } from "./load.ts";
import { type ServerName, serverNames } from "./server-process.ts";

/** What can be measured by itself. */
export const parts = ["start", "sessions", "calls", "sandboxes", "reconnect", "durable", "replicas"] as const;
export type Part = (typeof parts)[number];

/** How calls come. */
export type Shape = Pick<Load, "connections" | "streams">;

/** Servers that are measured in turns. */
export interface Suite {
  readonly transport: "cleartext" | "TLS";
  /** Of the gateways; the peers have none. */
  readonly store: "SQLite" | "Postgres";
  readonly servers: readonly ServerName[];
  readonly shapes: readonly Shape[];
}

/** A gateway that is restarted under its supervisors. */
export interface Restart {
  readonly supervisors: number;
  /** Supervisors that share a connection. */
  readonly perConnection: number;
  /** Drained first, or killed as by a crash. */
  readonly how: "drained" | "killed";
}

/** How much is measured. */
export interface Plan {
  /** Rounds of each measurement; the middle one counts. */
  readonly rounds: number;
  /** How long one measurement takes, about, in seconds. */
  readonly seconds: number;
  readonly suites: readonly Suite[];
  /** Calls of each method before anything is measured, so that what is called often is compiled. */
  readonly warmUpCalls: number;
  readonly sessions: number;
  readonly sessionServers: readonly ServerName[];
  readonly starts: number;
  /** Numbers of sandboxes in the store, the smallest first. */
  readonly sandboxes: readonly number[];
  readonly restarts: readonly Restart[];
  /** How long supervisors that are all connected are watched, in seconds. */
  readonly livingSeconds: number;
  /** Tokens that are revoked at one gateway and refused by another. */
  readonly revocations: number;
  /** Signing keys that take the place of the one before. */
  readonly rotations: number;
}

/** Supervisors have a connection each: 1, 20 and 200 of them with one call at a time. */
const ofSupervisors: readonly Shape[] = [1, 20, 200].map((connections) => ({ connections, streams: 1 }));
/** A proxy in front of them puts their calls on few connections. */
const ofProxies: readonly Shape[] = [20, 200].map((streams) => ({ connections: 1, streams }));

const usual = serverNames.filter((name) => name !== "connect-fastify");

export const fullPlan: Plan = {
  rounds: 3,
  seconds: 0.7,
  suites: [
    { transport: "cleartext", store: "SQLite", servers: usual, shapes: [...ofSupervisors, ...ofProxies] },
    {
      transport: "TLS",
      store: "SQLite",
      servers: ["gateway", "gateway on Connect", "node:http2, same work", "@grpc/grpc-js"],
      shapes: ofSupervisors,
    },
    { transport: "cleartext", store: "Postgres", servers: ["gateway"], shapes: ofSupervisors },
    { transport: "TLS", store: "Postgres", servers: ["gateway"], shapes: ofSupervisors },
  ],
  warmUpCalls: 4_000,
  sessions: 2_000,
  sessionServers: ["gateway", "node:http2", "@grpc/grpc-js"],
  starts: 5,
  sandboxes: [100, 10_000, 100_000],
  restarts: [
    { supervisors: 10_000, perConnection: 100, how: "drained" },
    { supervisors: 10_000, perConnection: 1, how: "drained" },
    { supervisors: 2_000, perConnection: 1, how: "killed" },
  ],
  livingSeconds: 10,
  revocations: 300,
  rotations: 3,
};

export const quickPlan: Plan = {
  rounds: 1,
  seconds: 0.4,
  suites: [
    {
      transport: "cleartext",
      store: "SQLite",
      servers: ["gateway", "gateway on Connect", "node:http2, same work"],
      shapes: ofSupervisors.slice(1),
    },
  ],
  warmUpCalls: 2_000,
  sessions: 200,
  sessionServers: ["gateway", "node:http2"],
  starts: 3,
  sandboxes: [100, 2_000],
  restarts: [{ supervisors: 1_000, perConnection: 50, how: "drained" }],
  livingSeconds: 2,
  revocations: 50,
  rotations: 1,
};

/** With the peers that are measured only when somebody asks for all of them. */
export function withAllServers(plan: Plan): Plan {
  const suites = plan.suites.map((suite) =>
    suite.transport === "cleartext" && suite.store === "SQLite" ? { ...suite, servers: serverNames } : suite,
  );
  const sessionServers = serverNames.filter(
    (name) => name !== "node:http2, same work" && name !== "gateway on Connect",
  );
  return { ...plan, suites, sessionServers };
}
