import { join } from "node:path";
import { type Command, Option } from "commander";
import type { Cli } from "../../cli.ts";
import { connect } from "../../connection/index.ts";
import { Failure, usageFailure } from "../../failure.ts";
import {
  type AuthMode,
  defaultGatewayName,
  type Endpoint,
  mtlsFiles,
  parseEndpoint,
  parseGatewayName,
  type Registration,
  readLocalCertificates,
} from "../../target/index.ts";

interface AddOptions {
  readonly name?: string;
  readonly remote?: string;
  readonly local?: boolean;
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcAudience?: string;
  readonly oidcScopes?: string;
}

function authModeFor(endpoint: Endpoint, { local, remote }: AddOptions): AuthMode {
  if (!endpoint.secure) return "plaintext";
  if (local || remote !== undefined) return "mtls";
  throw new Failure("a browser login at an https gateway is not supported yet", {
    next: "with client certificates, add --local (a gateway on this machine) or --remote HOST",
  });
}

/** Copies the certificates that `openshell-gateway generate-certs` made on this machine. */
async function importLocalCertificates(cli: Cli, name: string, { env }: Cli["surroundings"]): Promise<void> {
  const stored = await Promise.all(Object.values(mtlsFiles).map((file) => cli.registry.read(name, join("mtls", file))));
  if (stored.every((file) => file !== undefined)) return;
  const state = env["XDG_STATE_HOME"] || join(env["HOME"] ?? "", ".local", "state");
  const directory = env["OPENSHELL_LOCAL_TLS_DIR"] || join(state, "openshell", "tls");
  const files = await readLocalCertificates(directory);
  if (!files) {
    throw new Failure(`${directory} does not hold ca.crt, client/tls.crt and client/tls.key`, {
      next: "make them with `openshell-gateway generate-certs`, or name their directory with OPENSHELL_LOCAL_TLS_DIR",
    });
  }
  for (const [file, text] of Object.entries(files)) await cli.registry.store(name, join("mtls", file), text);
}

/** Says whether the new gateway answers; a gateway may well be registered before it runs. */
async function tellWhetherItAnswers(cli: Cli, registration: Registration): Promise<void> {
  const registered = { ...registration, owner: "user" as const };
  const { name, endpoint } = registration;
  try {
    const route = await cli.routeTo({ name, endpoint, registration: registered, chosenBy: "gateway add" });
    using connection = await connect(route);
    const { version } = await connection.client.health({}, connection.unary);
    cli.tell(`it answers, version ${version}`);
  } catch (thrown) {
    if (cli.surroundings.signal.aborted) throw thrown;
    cli.tell(
      `warning: it is registered, but does not answer now: ${thrown instanceof Error ? thrown.message : "unknown"}`,
    );
  }
}

async function add(cli: Cli, address: string, options: AddOptions): Promise<void> {
  if (options.oidcIssuer ?? options.oidcClientId ?? options.oidcAudience ?? options.oidcScopes) {
    throw new Failure("a login with OpenID Connect (--oidc-issuer) is not supported yet; nothing was registered");
  }
  const endpoint = parseEndpoint(address, "ENDPOINT");
  const name = parseGatewayName(options.name ?? defaultGatewayName(endpoint));
  const known = await cli.registry.find(name);
  if (known?.owner === "user") {
    throw new Failure(`a gateway named ${name} is registered already, at ${known.endpoint.url}`, {
      next: `choose another --name, or remove it first with \`openshell gateway remove ${name}\``,
    });
  }
  if (options.local && !endpoint.loopback) {
    throw usageFailure(
      `--local: ${endpoint.hostname} is not this machine`,
      "leave --local out, or use a loopback address",
    );
  }
  const registration: Registration = {
    name,
    endpoint,
    authMode: authModeFor(endpoint, options),
    ...(options.remote === undefined ? {} : { remoteHost: options.remote }),
  };
  if (registration.authMode === "mtls" && options.local) {
    await importLocalCertificates(cli, name, cli.surroundings);
  }
  await cli.registry.add(registration);
  await cli.registry.activate(name);
  cli.tell(`gateway ${name} at ${endpoint.url} is registered and active`);
  await tellWhetherItAnswers(cli, registration);
}

export function addGatewayAdd(parent: Command, cli: Cli): void {
  parent
    .command("add")
    .description("register a gateway and make it the active one")
    .argument("<endpoint>", "its address, http://host:port or https://host:port")
    .option("--name <name>", "what to call it (default: openshell on this machine, else its host)")
    .addOption(new Option("--remote <host>", "the machine that it runs on, where that is another").conflicts("local"))
    .option("--local", "it runs on this machine")
    .option("--oidc-issuer <url>", "log in with OpenID Connect (not supported yet)")
    .option("--oidc-client-id <id>", "the client to log in as (not supported yet)")
    .option("--oidc-audience <audience>", "the audience to ask for (not supported yet)")
    .option("--oidc-scopes <scopes>", "the scopes to ask for (not supported yet)")
    .action((endpoint: string, options: AddOptions) => add(cli, endpoint, options));
}
