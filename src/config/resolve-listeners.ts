import type { Problems } from "./config-error.ts";
import type { GatewayConfig, ListenerConfig, TlsConfig } from "./gateway-config.ts";
import type { Setting, Settings } from "./setting.ts";
import { isLoopbackHost, type SocketAddress } from "./socket-address.ts";

const mainHost = "127.0.0.1";
const mainPort = 17_670;

/** A listener, and who asked for it. */
interface Asked {
  readonly listener: ListenerConfig;
  readonly where: string;
}

/**
 * The listeners, the main one first. What is reached from other machines has TLS, unless the operator says that it shall
 * have none; no two listeners want one port.
 */
export function resolveListeners(
  settings: Settings,
  tls: TlsConfig | undefined,
  problems: Problems,
): GatewayConfig["listeners"] {
  const { bindAddress, bindHost, port, sandboxAddress, disableTls } = settings;
  const secure = tls && { tls };
  const main: Asked = {
    where: bindHost.where ?? bindAddress.where ?? port.where ?? "the main listener",
    listener: {
      kind: "users",
      host: bindHost.value ?? bindAddress.value?.host ?? mainHost,
      port: port.value ?? bindAddress.value?.port ?? mainPort,
      ...secure,
    },
  };
  const others: Asked[] = [];
  if (sandboxAddress.value) {
    const { host, port: own } = withPort(sandboxAddress, problems);
    others.push({ where: sandboxAddress.where ?? "", listener: { kind: "sandboxes", host, port: own, ...secure } });
  }
  const mine = main.listener.host;
  others.push(...operations(settings.healthAddress, settings.healthPort, mine, problems));
  const metrics = operations(settings.metricsAddress, settings.metricsPort, mine, problems);
  others.push(...metrics.filter((asked) => !others.some((other) => isSame(other, asked))));

  const all = [main, ...others];
  if (!tls && !disableTls.value) for (const asked of all) requireTls(asked, problems);
  for (const [at, asked] of all.entries()) {
    const rival = all.slice(0, at).find((other) => clash(other.listener, asked.listener));
    if (rival) problems.add(asked.where, `the same port as ${rival.where}`);
  }
  return [main.listener, ...others.map(({ listener }) => listener)];
}

function operations(
  address: Setting<SocketAddress | undefined>,
  port: Setting<number | undefined>,
  host: string,
  problems: Problems,
): Asked[] {
  const where = port.where ?? address.where ?? "";
  if (port.value === 0) return [];
  if (port.value !== undefined) {
    return [{ where, listener: { kind: "operations", host: address.value?.host ?? host, port: port.value } }];
  }
  return address.value ? [{ where, listener: { kind: "operations", ...withPort(address, problems) } }] : [];
}

function withPort({ value, where = "" }: Setting<SocketAddress | undefined>, problems: Problems) {
  if (value?.port === undefined) problems.add(where, "expected an address with a port, got one without");
  return { host: value?.host ?? mainHost, port: value?.port ?? 0 };
}

function requireTls({ listener: { kind, host }, where }: Asked, problems: Problems): void {
  if (kind === "operations" || isLoopbackHost(host)) return;
  problems.add(
    where,
    `other machines reach ${host}, and there is no TLS: name --tls-cert and --tls-key, run generate-certs, or say --disable-tls`,
  );
}

const isSame = (a: Asked, b: Asked): boolean =>
  a.listener.kind === b.listener.kind && a.listener.host === b.listener.host && a.listener.port === b.listener.port;

const isUnspecified = (host: string): boolean => host === "0.0.0.0" || host === "::";

const clash = (a: ListenerConfig, b: ListenerConfig): boolean =>
  a.port !== 0 && a.port === b.port && (a.host === b.host || isUnspecified(a.host) || isUnspecified(b.host));
