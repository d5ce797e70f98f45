import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { Secret } from "../core/secret.ts";
import { connectGateway } from "./connection.ts";
import type { Environment } from "./environment.ts";
import type { Host } from "./host.ts";
import { readConnection, readTokenSource } from "./read-config.ts";
import { bearerValue, createTokenCalls } from "./token-calls.ts";
import { readClaims } from "./token-claims.ts";
import { createTokenSource } from "./token-source.ts";

const debugRpcUsage = `Usage: openshell-sandbox debug-rpc <command>

Makes one call to the gateway as the sandbox would, or shows the sandbox's token without showing it.

Commands:
  get-sandbox-config --sandbox-id <id>  read a sandbox's configuration
  refresh                               trade the token for its successor
  show-token                            fingerprint and identity of the token at hand
  show-principal                        the token's claims, unverified

The gateway is OPENSHELL_ENDPOINT, the token OPENSHELL_SANDBOX_TOKEN or one of its alternatives.
Exit codes of get-sandbox-config: 0, 5 NotFound, 7 PermissionDenied, 16 Unauthenticated, 1 for all else.
`;

const timeoutMs = 20_000;
const exitCodes: ReadonlyMap<Code, number> = new Map([
  [Code.PermissionDenied, 7],
  [Code.Unauthenticated, 16],
  [Code.NotFound, 5],
]);

/**
 * The diagnostic calls of a sandbox (requirement P5).
 * @param argv what stands after `debug-rpc`.
 * @returns the exit code.
 * @throws ConfigError and TokenUnreadable, which the program prints.
 */
export async function runDebugRpc(argv: readonly string[], host: Host): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "--help":
    case "-h":
      host.stdout(debugRpcUsage);
      return 0;
    case "get-sandbox-config":
      return getSandboxConfig(rest, host);
    case "refresh":
      return refresh(host);
    case "show-token":
      host.stdout(describeToken(await localToken(host.environment)));
      return 0;
    case "show-principal":
      host.stdout(`${JSON.stringify(readClaims(await localToken(host.environment))?.payload ?? {}, undefined, 2)}\n`);
      return 0;
    default:
      host.stderr(`${command ? "unknown command" : "a command is missing"}\n\n${debugRpcUsage}`);
      return 1;
  }
}

async function getSandboxConfig(args: readonly string[], host: Host): Promise<number> {
  const sandboxId = sandboxIdOf(args);
  if (!sandboxId) {
    host.stderr("get-sandbox-config needs --sandbox-id <id> and nothing else\n");
    return 1;
  }
  using gateway = connect(host.environment);
  try {
    const headers = { authorization: bearerValue(await gateway.source.first()) };
    const config = await createClient(OpenShell, gateway.transport).getSandboxConfig(
      { sandboxId },
      { timeoutMs, headers },
    );
    host.stdout(
      `version=${config.version} policy_hash=${config.policyHash} config_revision=${config.configRevision}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    host.stderr(`${sayStatus(error)}\n`);
    return exitCodes.get(error.code) ?? 1;
  }
}

async function refresh(host: Host): Promise<number> {
  using gateway = connect(host.environment);
  try {
    const successor = await gateway.calls.refresh(await gateway.source.first(), { conflict: false });
    host.stdout(describeToken(successor));
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    host.stderr(`${sayStatus(error)}\n`);
    return 1;
  }
}

function connect(environment: Environment) {
  const connection = connectGateway(readConnection(environment));
  const transport = connection.transport();
  const calls = createTokenCalls(transport);
  const source = createTokenSource(readTokenSource(environment), calls.exchange);
  return { transport, calls, source, [Symbol.dispose]: () => connection[Symbol.dispose]() };
}

/** The token in the environment or the file; a ServiceAccount token is none of the gateway's. */
function localToken(environment: Environment): Promise<Secret> {
  const { OPENSHELL_K8S_SA_TOKEN_FILE: _, ...local } = environment;
  const noExchange = () => Promise.reject(new Error("nothing to exchange"));
  return createTokenSource(readTokenSource(local), noExchange).first();
}

function sandboxIdOf(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { "sandbox-id": { type: "string" } } }).values["sandbox-id"];
  } catch {
    return undefined;
  }
}

/** Five lines that tell tokens apart and say whose they are, without a byte of them. */
function describeToken(token: Secret): string {
  const claims = readClaims(token);
  const text = (name: string) => {
    const value = claims?.payload[name];
    return typeof value === "string" ? value : "";
  };
  return [
    `fingerprint=sha256:${createHash("sha256").update(token.reveal()).digest("hex").slice(0, 16)}`,
    `expires_at_ms=${claims?.expiresAt ?? 0}`,
    `sandbox_id=${text("sandbox_id")}`,
    `subject=${text("sub")}`,
    `issuer=${text("iss")}`,
    "",
  ].join("\n");
}

/** `<CodeName>: <message>`, the names as gRPC's Rust library spells them; a gateway that was not reached sent no status. */
function sayStatus(error: ConnectError): string {
  const { cause } = error;
  if (cause instanceof Error && "syscall" in cause) return `cannot connect to the gateway: ${cause.message}`;
  const name = error.code === Code.Canceled ? "Cancelled" : Code[error.code];
  return `${name}: ${error.rawMessage}`;
}
