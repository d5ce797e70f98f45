import { Code, type ConnectRouter } from "@connectrpc/connect";
import type { BoundService, Gate } from "../access/index.ts";
import { type Clock, pause } from "../core/clock.ts";
import { AsyncDisposableStack } from "../core/disposable-stacks.ts";
import type { Log } from "../core/log.ts";
import { createEndOfCall, guardedAdmission, type OnCall } from "./call/index.ts";
import { createApp } from "./create-app.ts";
import { Draining } from "./draining.ts";
import { type Head, readHead } from "./head.ts";
import { createTakeStream, guardedMethods, openMethods, withLightStreams } from "./lean/index.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import {
  type Connection,
  type Listener,
  type ListenerAddress,
  type ListenerOptions,
  openListener,
} from "./listen/index.ts";
import { methodsOf, openServices } from "./open/index.ts";
import { pathOf } from "./path.ts";
import { answerError } from "./protocol-error.ts";
import { metrics, probes, type WellKnownOptions, wellKnown } from "./routes/index.ts";
import { mountServices, OpenStreams, StreamSlots } from "./rpc/index.ts";
import { createServers, InFlight, isHttp2, type RawRequest, type RawResponse } from "./servers/index.ts";
import { type Readiness, ServingState } from "./serving-state.ts";

export interface FrontDoorOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly services: readonly BoundService[];
  readonly gate: Gate;
  readonly limits?: Partial<Limits>;
  readonly readiness: () => Promise<Readiness>;
  /** What `/metrics` shows, in Prometheus' text format. */
  readonly metricsText: () => Promise<string>;
  readonly publicKeys?: WellKnownOptions["publicKeys"];
  readonly issuer: string;
  readonly trustedProxies?: readonly string[];
  /** Whether strangers may ask for the descriptors of what is served. Off by default. */
  readonly reflection?: boolean;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** A number in [0, 1), for the waits that callers are told; `Math.random` where none is given. */
  readonly random?: () => number;
  readonly onCall?: OnCall;
  /** Adds further services that are open to everybody: no gate stands before them. */
  readonly openServices?: (router: ConnectRouter) => void;
  /** Whether unary gRPC calls take the short way past Connect. True by default; both ways answer the same. */
  readonly leanUnary?: boolean;
}

/** Everything through which calls come in. Disposing of it drains without patience. */
export interface FrontDoor extends AsyncDisposable {
  /** In the order of the listeners' options. */
  readonly addresses: readonly ListenerAddress[];
  /**
   * Refuses new calls with `unavailable`, lets those in flight finish, ends streams with `unavailable` so that their
   * callers connect elsewhere, and after `deadlineMs` ends whatever is left (requirement G5). Each is told a wait of its
   * own (`google.rpc.RetryInfo`), so that they come back evenly. Resolves when no connection is open. May be called again
   * with less patience.
   */
  drain(reason: string, deadlineMs: number): Promise<void>;
  /** Reads the certificate files of all listeners again, now. */
  reloadTls(): Promise<void>;
}

const operationsPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/health", "/metrics"]);
/** For the last bytes to leave, once nothing is in flight; in milliseconds. */
const partingMs = 1_000;

/** Opens the listeners and serves (requirements G1, G2, G3, G5, G6, G7). @throws Error where one cannot be opened. */
export async function createFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { services, gate, readiness, clock, log, onCall, issuer, version } = options;
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const draining = new Draining(options.random ?? Math.random);
  const streams = new OpenStreams();
  const state = new ServingState({ readiness, draining, clock, log });
  const heads = new WeakMap<RawRequest, Head>();

  function headOf(request: RawRequest): Head {
    const head = heads.get(request);
    if (!head) throw new Error("a request reached a route without its head");
    return head;
  }
  function receive(request: RawRequest, response: RawResponse, connection: Connection): void {
    const head = readHead(request, connection, limits.headerBytes);
    if ("says" in head) {
      if (!isHttp2(request)) response.setHeader("connection", "close");
      answerError(request, response, head.status, head.code, head.says);
    } else if (connection.kind === "operations" && !operationsPaths.has(pathOf(request))) {
      answerError(request, response, 404, Code.NotFound, "not found");
    } else {
      heads.set(request, head);
      dispatch(request, response);
    }
  }

  const addOwn = openServices({
    ...{ services, state, streams, clock },
    reflection: options.reflection ?? false,
    mostWatchers: limits.healthWatchers,
  });
  const open = methodsOf((router) => {
    addOwn(router);
    options.openServices?.(router);
  });
  const admit = guardedAdmission(gate, draining);
  const ended = createEndOfCall({ clock, log, onCall });
  const inFlight = new InFlight();
  const lean = options.leanUnary === false ? [] : [...guardedMethods(services, admit), ...openMethods(open)];
  const take = createTakeStream({ methods: lean, limits, clock, log, inFlight, ended });
  const servers = createServers({ limits, clock, log, receive, take, inFlight });
  const { app, dispatch } = createApp(servers.http1, { log, requestMs: limits.requestMs });
  probes(app, { version, state });
  metrics(app, { metricsText: options.metricsText, headOf });
  wellKnown(app, { publicKeys: options.publicKeys, issuer, trustedProxies: options.trustedProxies ?? [], headOf });
  mountServices(app, {
    services,
    open,
    admit,
    ended,
    slots: new StreamSlots(limits.streamsPerSandbox),
    streams,
    limits,
    headOf,
    clock,
    log,
    beside: options.leanUnary === false ? (handler) => handler : withLightStreams,
  });
  await app.ready();
  const listeners = await openAll(options.listeners, { limits, clock, log, take: servers.take }, servers);

  const impatience = Promise.withResolvers<void>();
  let parted: Promise<void> | undefined;

  async function part(): Promise<void> {
    draining.begin(streams.size);
    streams.endAll(() => draining.refusal());
    servers.sendAway();
    await Promise.race([inFlight.none(), impatience.promise]);
    const emptied = Promise.all(listeners.map((listener) => listener.stopAccepting()));
    servers.sendAway();
    await Promise.race([emptied, impatience.promise, pause(clock, partingMs)]);
    if (inFlight.count > 0) log.warn({ requests: inFlight.count }, "requests are cut off, the drain's time is up");
    servers[Symbol.dispose]();
    take[Symbol.dispose]();
    await Promise.all(listeners.map((listener) => listener[Symbol.asyncDispose]()));
    await app.close();
  }
  async function drain(reason: string, deadlineMs: number): Promise<void> {
    if (!parted) log.info({ reason, deadlineMs, requests: inFlight.count }, "draining");
    if (deadlineMs <= 0) impatience.resolve();
    using _deadline = clock.after(deadlineMs, impatience.resolve);
    parted ??= part();
    await parted;
  }
  return {
    addresses: listeners.map(({ address }) => address),
    drain,
    reloadTls: async () => void (await Promise.all(listeners.map((listener) => listener.reloadTls()))),
    [Symbol.asyncDispose]: () => drain("closed", 0),
  };
}

/** All or none: where one cannot be opened, those before it are closed again. */
async function openAll(
  wanted: readonly ListenerOptions[],
  surroundings: Parameters<typeof openListener>[1],
  servers: Disposable,
): Promise<Listener[]> {
  await using opened = new AsyncDisposableStack();
  opened.use(servers);
  const listeners: Listener[] = [];
  for (const options of wanted) listeners.push(opened.use(await openListener(options, surroundings)));
  opened.move();
  return listeners;
}
