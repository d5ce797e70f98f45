import { parseArgs } from "node:util";
import { parseSandboxId } from "../core/ids.ts";
import {
  ConfigError,
  type ConnectionConfig,
  type MainProcessSpec,
  type SupervisorConfig,
  shapeOf,
  type TlsConfig,
} from "./config.ts";
import { type Environment, endpointOf, integerOf, levelOf, setting } from "./environment.ts";
import { parseMainProcessSpec, parseUserEnvironment } from "./main-process-spec.ts";
import type { TokenSourceConfig } from "./token-source.ts";
import { parseTokenText, TokenUnreadable } from "./token-text.ts";

const largestId = 2 ** 31 - 1;
const day = 24 * 60 * 60;

/**
 * Reads what the supervisor runs with: flags over environment over defaults. The command to run stands after `--`, or in
 * OPENSHELL_MAIN_PROCESS_SPEC.
 * @param directory what the main process's working directory is where no flag says.
 * @throws ConfigError
 */
export function readConfig(argv: readonly string[], environment: Environment, directory: string): SupervisorConfig {
  const { flags, command } = parseCommandLine(argv);
  const flag = (name: keyof typeof flags) => ({ name: `--${name}`, value: flags[name] });
  const variable = (name: string) => setting(environment, name);

  const id = setting(environment, "OPENSHELL_SANDBOX_ID", flag("sandbox-id"));
  const sandboxId = parseSandboxId(id.text ?? "");
  if (!sandboxId) {
    const shape = id.text === undefined ? "not set" : shapeOf(id.text);
    throw new ConfigError(id.name, shape, "the sandbox's id, a UUID in lower case");
  }
  const timeout = integerOf({ name: "--timeout", text: flags.timeout }, 0, 365 * day);
  const poll = integerOf(variable("OPENSHELL_POLICY_POLL_INTERVAL_SECS"), 1, day) ?? 10;
  const [program, ...args] = command;
  return Object.freeze({
    connection: readConnection(environment, flags["openshell-endpoint"]),
    sandboxId,
    sandboxName: setting(environment, "OPENSHELL_SANDBOX", flag("sandbox")).text,
    tokenSource: readTokenSource(environment),
    logLevel: levelOf(setting(environment, "OPENSHELL_LOG_LEVEL", flag("log-level"))) ?? "warn",
    logPushLevel: levelOf(variable("OPENSHELL_LOG_PUSH_LEVEL")) ?? "info",
    mainProcess: program
      ? ({ command: [program, ...args], tty: false } satisfies MainProcessSpec)
      : parseMainProcessSpec(variable("OPENSHELL_MAIN_PROCESS_SPEC")),
    userEnvironment: parseUserEnvironment(variable("OPENSHELL_USER_ENVIRONMENT")),
    workdir: flags.workdir ?? directory,
    timeoutMs: timeout ? timeout * 1000 : undefined,
    uid: integerOf(variable("OPENSHELL_SANDBOX_UID"), 1, largestId),
    gid: integerOf(variable("OPENSHELL_SANDBOX_GID"), 1, largestId),
    pollIntervalMs: poll * 1000,
  });
}

/** How the gateway is reached. @throws ConfigError */
export function readConnection(environment: Environment, endpointFlag?: string): ConnectionConfig {
  const flag = { name: "--openshell-endpoint", value: endpointFlag };
  return { endpoint: endpointOf(setting(environment, "OPENSHELL_ENDPOINT", flag)), tls: readTls(environment) };
}

/** The first of the three token sources that is configured (requirement P1). @throws ConfigError */
export function readTokenSource(environment: Environment): TokenSourceConfig {
  const name = "OPENSHELL_SANDBOX_TOKEN";
  const token = environment[name];
  if (token) {
    try {
      return { kind: "environment", token: parseTokenText(token, name) };
    } catch (error) {
      if (!(error instanceof TokenUnreadable)) throw error;
      throw new ConfigError(name, shapeOf(token), "a compact JWT: three base64url parts with dots between them");
    }
  }
  const file = environment["OPENSHELL_SANDBOX_TOKEN_FILE"];
  if (file) return { kind: "file", path: file };
  const serviceAccount = environment["OPENSHELL_K8S_SA_TOKEN_FILE"];
  if (serviceAccount) return { kind: "kubernetes", path: serviceAccount };
  throw new ConfigError(
    `${name} and its alternatives`,
    "not set",
    "a token, or its path in OPENSHELL_SANDBOX_TOKEN_FILE, or a ServiceAccount token's path in OPENSHELL_K8S_SA_TOKEN_FILE",
  );
}

function readTls(environment: Environment): TlsConfig {
  const path = (name: string) => environment[name] || undefined;
  const [cert, key] = [path("OPENSHELL_TLS_CERT"), path("OPENSHELL_TLS_KEY")];
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "OPENSHELL_TLS_CERT" : "OPENSHELL_TLS_KEY";
    throw new ConfigError(missing, "not set", "both or neither of OPENSHELL_TLS_CERT and OPENSHELL_TLS_KEY");
  }
  return {
    ca: path("OPENSHELL_TLS_CA"),
    client: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    serverName: path("OPENSHELL_GATEWAY_TLS_SERVER_NAME"),
  };
}

function parseCommandLine(argv: readonly string[]) {
  const separator = argv.indexOf("--");
  const [own, command] = separator < 0 ? [argv, []] : [argv.slice(0, separator), argv.slice(separator + 1)];
  const string = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...own],
      options: {
        "sandbox-id": string,
        sandbox: string,
        "openshell-endpoint": string,
        "log-level": string,
        workdir: string,
        timeout: string,
      },
    });
    return { flags: values, command };
  } catch (error) {
    const said = error instanceof Error ? error.message.split(". ")[0] : "not understood";
    throw new ConfigError("the command line", `wrong (${said})`, "flags as in --help, and the command after --");
  }
}
