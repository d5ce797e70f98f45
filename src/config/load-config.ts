import { Problems } from "./config-error.ts";
import { localTlsDirectory, standardStateDirectory } from "./directories.ts";
import type { DatabaseConfig, GatewayConfig, ListenerConfig, TracingConfig } from "./gateway-config.ts";
import { readSettings, type Sources } from "./read-settings.ts";
import { resolveDatabase } from "./resolve-database.ts";
import { resolveDrivers } from "./resolve-drivers.ts";
import { resolveLimits } from "./resolve-limits.ts";
import { resolveListeners } from "./resolve-listeners.ts";
import { resolveSigningKey } from "./resolve-signing-key.ts";
import { resolveTls } from "./resolve-tls.ts";
import type { Settings } from "./setting.ts";
import { isLoopbackHost } from "./socket-address.ts";

/**
 * Reads the gateway's configuration from all sources (requirement G4).
 * @throws ConfigError that names everything that is wrong, each with its key's path and what was expected.
 */
export async function loadConfig(sources: Sources): Promise<GatewayConfig> {
  const problems = new Problems();
  const { settings, file } = await readSettings(sources, problems);
  problems.throwIfAny();

  const stateDir = settings.stateDir.value ?? standardStateDirectory(sources.environment);
  const tlsDir = localTlsDirectory(sources.environment, stateDir);
  const { tls, guestTlsCa } = await resolveTls(settings, tlsDir, problems);
  const listeners = resolveListeners(settings, tls, problems);
  const config: GatewayConfig = {
    dev: settings.dev.value,
    file,
    logLevel: settings.logLevel.value,
    stateDir,
    tlsDir,
    listeners,
    trustedProxies: settings.trustedProxies.value,
    guestTlsCa,
    allowUnauthenticatedUsers: resolveUnauthenticated(settings, listeners[0], problems),
    allowedHosts: settings.allowedHosts.value.map((host) => host.toLowerCase()),
    database: resolveDatabase(settings, stateDir, problems),
    replicaName: settings.replicaName.value,
    signingKey: await resolveSigningKey(settings, tlsDir, problems),
    tokens: {
      gatewayId: settings.gatewayId.value,
      ttlSeconds: settings.ttlSecs.value,
      leewaySeconds: settings.leewaySecs.value,
      refreshGraceMs: settings.refreshGraceSecs.value * 1000,
      refreshPerMinute: settings.refreshPerMinute.value,
      refreshBurst: settings.refreshBurst.value,
      revokeOnReuse: settings.revokeOnReuse.value,
      longestBlindMs: settings.revocationBoundSecs.value * 1000,
    },
    drivers: resolveDrivers(settings.drivers, problems),
    reflection: settings.reflection.value,
    drainMs: settings.drainSecs.value * 1000,
    tracing: resolveTracing(settings),
    limits: resolveLimits(settings),
  };
  problems.throwIfAny();
  return deepFreeze(config);
}

/**
 * Which database the gateway would use with these sources. Keys, certificates and listeners may be missing.
 * @throws ConfigError as {@link loadConfig}.
 */
export async function loadDatabaseConfig(sources: Sources): Promise<DatabaseConfig> {
  const problems = new Problems();
  const { settings } = await readSettings(sources, problems);
  problems.throwIfAny();
  const stateDir = settings.stateDir.value ?? standardStateDirectory(sources.environment);
  const database = resolveDatabase(settings, stateDir, problems);
  problems.throwIfAny();
  return deepFreeze(database);
}

/** Nobody on another machine is a user without a credential (requirement A6). */
function resolveUnauthenticated(
  { allowUnauthenticatedUsers, dev }: Settings,
  { host }: ListenerConfig,
  problems: Problems,
): boolean {
  const allowed = allowUnauthenticatedUsers.value ?? dev.value;
  if (allowed && !isLoopbackHost(host)) {
    const where = allowUnauthenticatedUsers.where ?? dev.where ?? "";
    problems.add(where, `other machines reach ${host}; unauthenticated users are for loopback addresses alone`);
  }
  return allowed;
}

function resolveTracing({ traceEndpoint, traceRatio }: Settings): TracingConfig | undefined {
  return traceEndpoint.value === undefined ? undefined : { endpoint: traceEndpoint.value, ratio: traceRatio.value };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
