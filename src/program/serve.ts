import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createProcessDriver } from "../compute/index.ts";
import type { GatewayConfig, ListenerConfig } from "../config/index.ts";
import { AsyncDisposableStack } from "../core/disposable-stacks.ts";
import { type GatewaySettings, startGateway } from "../gateway.ts";
import { createLog, createTracing } from "../telemetry/index.ts";
import { ensureSigningKeys } from "../tokens/generate-certs/index.ts";
import { createReloadingKeyRing } from "../tokens/keys/index.ts";
import { firstScreen } from "./first-screen.ts";
import { lastingReplicaName } from "./replica-name.ts";
import type { ProgramHost } from "./run-program.ts";
import { settleMemory } from "./settle-memory.ts";

/** From the first screen until what the start left behind is kept for the next one or collected, in milliseconds. */
const settleMs = 1_000;

/**
 * Serves until the host asks for an end, then drains. @throws Error where the gateway cannot start.
 */
export async function serve(config: GatewayConfig, host: ProgramHost): Promise<void> {
  const { clock, version } = host;
  const log = createLog({ level: config.logLevel, destination: { write: host.stderr }, pretty: host.isTerminal });
  if (config.signingKey.toBeMade) await ensureSigningKeys(config.tlsDir);
  await using keys = await createReloadingKeyRing({ paths: config.signingKey, clock, log });

  const replica = config.replicaName ?? (await lastingReplicaName(config.stateDir, host.hostname));
  await using life = new AsyncDisposableStack();
  const tracing =
    config.tracing && life.use(await createTracing({ ...config.tracing, version, instance: replica, clock, log }));
  await using gateway = await startGateway(settingsOf(config, replica), {
    ...{ version, keys, clock, log },
    ...(tracing && { tracing }),
    createDriver: (driverHost) =>
      createProcessDriver({
        ...{ host: driverHost, clock, log, tlsCaPath: config.guestTlsCa },
        stateDir: join(config.stateDir, "sandboxes"),
        supervisorCommand: host.supervisorCommand,
        baseEnvironment: {
          PATH: host.environment["PATH"],
          HOME: host.environment["HOME"],
          LANG: host.environment["LANG"],
        },
      }),
  });
  host.onReload(() => {
    void keys.reload();
    gateway.reloadTls().catch((error: unknown) => log.error({ error }, "certificates were not read"));
  });
  host.stdout(firstScreen({ config, replica, addresses: gateway.addresses, version, commandLine: host.commandLine }));

  using _settling = clock.after(settleMs, () => {
    // A gateway may never end in order, and what is collected cannot be kept.
    flushCompileCache();
    settleMemory();
  });

  if (!host.stop.aborted) await once(host.stop, "abort");
  const impatient = () => void gateway.drain("told to hurry", 0);
  host.hurry.addEventListener("abort", impatient, { once: true });
  if (host.hurry.aborted) impatient();
  await gateway.drain("told to stop", config.drainMs);
}

function settingsOf(config: GatewayConfig, replica: string): GatewaySettings {
  const { gatewayId, ...tokens } = config.tokens;
  return {
    ...{
      gatewayId,
      tokens,
      limits: config.limits,
      reflection: config.reflection,
      trustedProxies: config.trustedProxies,
    },
    database: config.database,
    replica: { name: replica },
    listeners: [...config.listeners, ...sandboxListener(config)],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    developmentUser: config.allowUnauthenticatedUsers ? { hosts: config.allowedHosts } : undefined,
  };
}

/**
 * Where users need no credential, supervisors are sent to a listener that makes no user of anybody (requirement A6):
 * one of its own on loopback, unless one is configured.
 */
function sandboxListener({ allowUnauthenticatedUsers, listeners }: GatewayConfig): ListenerConfig[] {
  if (!allowUnauthenticatedUsers || listeners.some(({ kind }) => kind === "sandboxes")) return [];
  return [{ ...listeners[0], kind: "sandboxes", host: "127.0.0.1", port: 0 }];
}
