import type { GatewayConfig } from "../config/index.ts";
import type { ListenerAddress } from "../http/index.ts";
import { describeDatabase } from "./describe-database.ts";

/** What a person who starts a gateway reads first: where it is, how to use it, where its state is, whom it lets in. */
export function firstScreen(options: {
  readonly config: GatewayConfig;
  /** This gateway's name among those that share the database. */
  readonly replica: string;
  readonly addresses: readonly ListenerAddress[];
  readonly version: string;
  /** How the command line is started here. */
  readonly commandLine: string;
}): string {
  const { config, replica, addresses, version, commandLine } = options;
  const url = addresses.find(({ kind }) => kind === "users")?.url ?? "";
  const sandboxes = addresses.find(({ kind }) => kind === "sandboxes");
  const rows = [
    ["listening", `${url}  (gRPC, gRPC-Web and JSON on one port)`],
    ...(sandboxes ? [["for sandboxes", `${sandboxes.url}  (no user methods, no callers without a token)`]] : []),
    ["state", config.stateDir],
    ["database", describeDatabase(config.database)],
    ["replica", replica],
    ["configuration", config.file ?? "defaults, environment and flags; no file"],
    ["drivers", config.drivers.join(", ")],
  ];
  return [
    "",
    `OpenShell gateway ${version}${config.dev ? ", for development" : ""}`,
    "",
    ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(14)}${value}`),
    "",
    "  With curl:",
    `    curl -d '{}' -H 'content-type: application/json' ${url}/openshell.v1.OpenShell/Health`,
    "  With the command line:",
    `    ${commandLine} --gateway-endpoint ${url} sandbox create --name a -- sleep 600`,
    "",
    ...(config.allowUnauthenticatedUsers ? unauthenticated : []),
    "  Ctrl-C drains and stops it.",
    "",
    "",
  ].join("\n");
}

const unauthenticated = [
  "  CALLERS WITHOUT A CREDENTIAL ARE ALLOWED and act as the development user, who may do everything. That is because",
  "  no identity provider is configured and this gateway was started for development (--dev). It holds only for",
  "  programs on this machine that reach it by a loopback name, never for web pages of other origins, and never for",
  "  what sandboxes call. Start it with --no-allow-unauthenticated-users to refuse them.",
  "",
];
