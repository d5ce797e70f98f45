import type { DescService } from "@bufbuild/protobuf";
import { IdentityService } from "../gen/openshell/identity/v1/identity_pb.ts";
import { Inference } from "../gen/openshell/inference/v1/inference_pb.ts";
import { OpenShell } from "../gen/openshell/v1/openshell_pb.ts";
import { type AuthMode, type BoundService, createGate, type Guarding, type RolePolicy } from "./access/index.ts";
import { createChain, createDevUserAuthenticator, createSandboxJwtAuthenticator } from "./auth/index.ts";
import type { ComputeDriver, DriverHost } from "./compute/index.ts";
import type { Clock } from "./core/clock.ts";
import { AsyncDisposableStack } from "./core/disposable-stacks.ts";
import {
  createFrontDoor,
  type FrontDoor,
  type Limits,
  type ListenerAddress,
  type ListenerOptions,
} from "./http/index.ts";
import {
  Configuration,
  createConfigHandlers,
  createGatewayInfoHandlers,
  createLogBuffer,
  createLogHandlers,
  createSandboxHandlers,
  createSessionHandlers,
  createTokenHandlers,
  deliverToSandboxes,
  identityService,
  inferenceService,
  joinReplicas,
  type Owns,
  openShellService,
  SandboxKeeper,
  SandboxLifecycle,
  type SandboxRecord,
  SandboxRegistry,
  Sessions,
} from "./services/index.ts";
import { type DatabaseLocation, openStore } from "./store/index.ts";
import { createAudit, createMetrics, type ServiceLog, type Tracing } from "./telemetry/index.ts";
import { createTokens, type KeyRing } from "./tokens/index.ts";

export interface GatewaySettings {
  /** Names the gateway in its tokens. */
  readonly gatewayId: string;
  /** Where the store is; several gateways share one on Postgres. */
  readonly database: DatabaseLocation;
  /** This gateway among those that share the database. The name outlives the process, and no two have the same. */
  readonly replica: { readonly name: string };
  /** The first of kind `sandboxes`, else the first of all, is where supervisors are sent. */
  readonly listeners: readonly ListenerOptions[];
  readonly roles: RolePolicy;
  /** Does a caller without a credential act as the development user (requirement A6)? */
  readonly developmentUser: { readonly hosts: readonly string[] } | undefined;
  readonly tokens: {
    readonly ttlSeconds?: number;
    readonly leewaySeconds?: number;
    readonly refreshGraceMs?: number;
    readonly revokeOnReuse?: boolean;
    readonly refreshPerMinute?: number;
    readonly refreshBurst?: number;
    readonly longestBlindMs?: number;
  };
  readonly limits?: Partial<Limits>;
  readonly trustedProxies?: readonly string[];
  readonly reflection: boolean;
  /** See `FrontDoorOptions.leanUnary`. */
  readonly leanUnary?: boolean;
}

/** What the gateway is given of the world. */
export interface GatewaySurroundings {
  readonly version: string;
  readonly keys: KeyRing;
  readonly createDriver: (host: DriverHost) => ComputeDriver;
  readonly clock: Clock;
  readonly log: ServiceLog;
  /** Where calls are traced; it is the caller's to end. */
  readonly tracing?: Pick<Tracing, "call">;
}

/** A gateway that serves. Disposing of it ends it at once; {@link drain} it first to be polite. */
export interface Gateway extends AsyncDisposable {
  readonly addresses: readonly ListenerAddress[];
  /** See `FrontDoor.drain`. Supervisors that the driver keeps run on until the gateway is disposed of. */
  drain(reason: string, deadlineMs: number): Promise<void>;
  reloadTls(): Promise<void>;
}

/** How often sandboxes are looked after that lost their token, in milliseconds. */
const keeperMs = 15_000;
/** How long a stream may be silent before its first message (weakness 41 of the reference), in milliseconds. */
const firstFrameMs = 10_000;

/**
 * Composes the gateway and starts it; it serves when this resolves, and sandboxes that were running are on their way
 * back. @throws Error where the store, a key, a listener or the driver cannot be had; nothing is left open then.
 */
export async function startGateway(settings: GatewaySettings, surroundings: GatewaySurroundings): Promise<Gateway> {
  const { clock, log, version, keys, tracing } = surroundings;
  const { roles, replica } = settings;
  const isShared = settings.database.kind === "postgres";
  await using life = new AsyncDisposableStack();

  const store = life.use(await openStore({ database: settings.database, log, clock }));
  const registry = await SandboxRegistry.open({ store: store.sandboxes, clock, replica: replica.name });
  const owns: Owns = (sandbox) => !isShared || sandbox.replica === replica.name;
  const isOwn = (sandbox: SandboxRecord | undefined) => sandbox !== undefined && owns(sandbox);
  const configuration = await Configuration.open({ store: store.policies, clock });
  life.use(registry.follow(configuration));
  const logs = createLogBuffer({ clock, isKnown: (id) => registry.byId(id) !== undefined });
  life.use(registry.onChange((change) => change.kind === "removed" && logs.remove(change.id)));

  const metrics = createMetrics({ version, methods: [OpenShell, Inference, IdentityService].flatMap(methodNames) });
  const audit = createAudit({ log, metrics });

  let front: FrontDoor | undefined;
  const driver = life.use(
    surroundings.createDriver({
      endpoint: () => endpointFor(front?.addresses ?? []),
      renewToken: (id) => lifecycle.renewToken(id),
      onEvent: (event) => lifecycle.observe(event),
    }),
  );
  const tokens = life.use(
    await createTokens({
      ...settings.tokens,
      ...{ gatewayId: settings.gatewayId, keys, store: store.families, audit, log, clock },
      ...(isShared && { staleness: () => store.feed.staleness() }),
      deliver: deliverToSandboxes(registry, driver, owns),
      owns: (id) => isOwn(registry.find(id)),
    }),
  );
  const lifecycle: SandboxLifecycle = life.use(
    new SandboxLifecycle({
      ...{ registry, tokens, driver, audit, log, owns },
      belongings: [
        {
          begin: (id, wanted, creator) => configuration.createInitial(id, wanted.spec.policy, creator),
          end: (id) => configuration.remove(id),
        },
      ],
    }),
  );
  const sessions = life.use(new Sessions({ clock, log, presence: registry, logs }));
  const replication = isShared
    ? life.use(
        await joinReplicas({
          ...{ store, registry, sessions, logs, clock, log },
          families: tokens.follower,
          configuration: configuration.follower,
          replica: { id: crypto.randomUUID(), name: replica.name },
        }),
      )
    : undefined;

  const guarding: Guarding = {
    ...{ directory: replication?.directory ?? registry, audit, roles, clock, firstFrameMs },
    openLease: (principal) => tokens.lease(principal),
  };
  const openShell = openShellService({
    ...createGatewayInfoHandlers({ version, driver }),
    ...createSandboxHandlers({ registry, lifecycle, logs, roles }),
    ...createConfigHandlers({ configuration, audit, roles }),
    ...createLogHandlers({ logs }),
    ...createSessionHandlers({ sessions }),
    ...createTokenHandlers({ tokens }),
  });
  const identity = identityService({ registry, lifecycle, tokens });
  const services = [openShell, inferenceService(), identity].map((service) => service.bind(guarding));
  const modes = modesOf(services);

  const authenticate = createChain({
    authenticators: [createSandboxJwtAuthenticator({ tokens, clock })],
    withoutCredential:
      settings.developmentUser &&
      createDevUserAuthenticator({
        hosts: settings.developmentUser.hosts,
        isSandboxOnly: (method) => modes.get(method) === "sandbox",
      }),
  });
  front = life.use(
    await createFrontDoor({
      ...{ listeners: settings.listeners, services, version, log, clock, reflection: settings.reflection },
      ...(settings.limits && { limits: settings.limits }),
      ...(settings.leanUnary !== undefined && { leanUnary: settings.leanUnary }),
      ...(settings.trustedProxies && { trustedProxies: settings.trustedProxies }),
      gate: createGate({ services, authenticate, roles, audit }),
      readiness: () => readinessOf({ store, tokens, replication }),
      metricsText: () => metrics.text(),
      publicKeys: () => tokens.jwks(),
      issuer: `openshell-gateway:${settings.gatewayId}`,
      onCall: (call) => {
        metrics.call(call);
        tracing?.call(call);
      },
    }),
  );
  metrics.show("token_families", () => tokens.stats().families);
  metrics.show("supervisor_sessions", () => sessions.stats().open);
  metrics.show("streams", () => tokens.stats().leases);
  metrics.show("sandboxes", () => registry.list().length);
  metrics.show("change_feed_staleness_seconds", () => (isShared ? store.feed.staleness() / 1_000 : 0));
  metrics.show("supervisor_sessions_elsewhere", () => replication?.stats().elsewhere ?? 0);
  await replication?.announce(endpointFor(front.addresses));

  const keeper = life.use(
    new SandboxKeeper({ registry, lifecycle, tokens, driver, clock, log, owns, everyMs: keeperMs }),
  );
  keeper.start();
  const resumed = lifecycle.resume();
  life.defer(() => resumed);

  const door = front;
  const owned = life.move();
  return {
    addresses: door.addresses,
    drain(reason, deadlineMs) {
      replication?.retire();
      return door.drain(reason, deadlineMs);
    },
    reloadTls: () => door.reloadTls(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function endpointFor(addresses: readonly ListenerAddress[]): string {
  const address = addresses.find(({ kind }) => kind === "sandboxes") ?? addresses.find(({ kind }) => kind === "users");
  if (!address) throw new Error("no listener is open that sandboxes could reach");
  return address.url;
}

const methodNames = ({ typeName, methods }: DescService) => methods.map(({ name }) => `${typeName}/${name}`);

function modesOf(services: readonly BoundService[]): Map<string, AuthMode> {
  const rows = services.flatMap(({ methods }) => methods);
  return new Map(rows.map(({ method, row }) => [`${method.parent.typeName}/${method.name}`, row.mode]));
}

async function readinessOf(parts: {
  readonly store: { check(): Promise<void> };
  readonly tokens: { blind(): boolean };
  readonly replication: { problem(): string | undefined } | undefined;
}) {
  const database = await parts.store.check().then(
    () => "ok",
    () => "unavailable",
  );
  const revocations = parts.tokens.blind() ? "not known for too long" : "ok";
  const replica = parts.replication?.problem() ?? "ok";
  const checks = { database, revocations, replica };
  return { ready: Object.values(checks).every((check) => check === "ok"), checks };
}
