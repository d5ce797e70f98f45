import { ipAddress, listOf, network, port, socketAddress, yesOrNo } from "../kind.ts";
import { optional, settled } from "../option.ts";

/** Where the gateway listens. */
export const listenerOptions = {
  bindAddress: optional({
    key: "bind_address",
    kind: socketAddress,
    otherwise: "`127.0.0.1:17670`",
    says: "Address and port of the main listener.",
  }),
  bindHost: optional({
    flag: "--bind-address",
    env: "OPENSHELL_BIND_ADDRESS",
    kind: ipAddress,
    otherwise: "that of `bind_address`",
    says: "Address of the main listener. One that other machines reach needs TLS, or `--disable-tls`.",
  }),
  port: optional({
    flag: "--port",
    env: "OPENSHELL_SERVER_PORT",
    kind: port(),
    otherwise: "that of `bind_address`",
    says: "Port of the main listener; 0 takes any free one.",
  }),
  healthAddress: optional({
    key: "health_bind_address",
    kind: socketAddress,
    otherwise: "off",
    says: "Address and port of a listener for `/healthz` and `/readyz` in cleartext.",
  }),
  healthPort: optional({
    flag: "--health-port",
    env: "OPENSHELL_HEALTH_PORT",
    kind: port(),
    otherwise: "that of `health_bind_address`",
    says: "Port for `/healthz` and `/readyz`; 0 is off.",
  }),
  metricsAddress: optional({
    key: "metrics_bind_address",
    kind: socketAddress,
    otherwise: "off",
    says: "Address and port of a listener for `/metrics` in cleartext.",
  }),
  metricsPort: optional({
    flag: "--metrics-port",
    env: "OPENSHELL_METRICS_PORT",
    kind: port(),
    otherwise: "that of `metrics_bind_address`",
    says: "Port for `/metrics`; 0 is off.",
  }),
  sandboxAddress: optional({
    key: "sandbox_bind_address",
    flag: "--sandbox-bind-address",
    env: "OPENSHELL_SANDBOX_BIND_ADDRESS",
    kind: socketAddress,
    otherwise: "off",
    says: "Address and port of one more listener, for sandboxes alone: it answers no user and nothing that users call.",
  }),
  trustedProxies: settled<readonly string[]>({
    key: "trusted_proxies",
    env: "OPENSHELL_TRUSTED_PROXIES",
    kind: listOf(network, network.expected),
    fallback: [],
    says: "Proxies whose `X-Forwarded-Proto` is believed when `/.well-known/openid-configuration` names this gateway.",
  }),
  reflection: settled({
    key: "reflection",
    flag: "--reflection",
    env: "OPENSHELL_REFLECTION",
    kind: yesOrNo,
    fallback: false,
    says: "gRPC server reflection, for everybody who reaches the main listener.",
  }),
};
