import { ConfigError } from "./config.ts";
import { runDebugRpc } from "./debug-rpc.ts";
import type { Host } from "./host.ts";
import { readConfig } from "./read-config.ts";
import { runSupervisor } from "./run-supervisor.ts";
import { TokenUnreadable } from "./token-text.ts";

const usage = `Usage: openshell-sandbox [options] [-- <command> [argument...]]
       openshell-sandbox debug-rpc <command>

The supervisor of one sandbox: proves to the gateway who it is, keeps a session with it, and runs the command.

Options, each over its variable:
  --openshell-endpoint <url>  where the gateway is (OPENSHELL_ENDPOINT)
  --sandbox-id <uuid>         the sandbox's id (OPENSHELL_SANDBOX_ID)
  --sandbox <name>            the sandbox's name (OPENSHELL_SANDBOX)
  --log-level <level>         trace, debug, info, warn, error or off (OPENSHELL_LOG_LEVEL, warn)
  --workdir <path>            the command's working directory (the current one)
  --timeout <seconds>         ends the command after so long; 0 is never
  --help                      this text

The token, the first that is set:
  OPENSHELL_SANDBOX_TOKEN       the token itself
  OPENSHELL_SANDBOX_TOKEN_FILE  its file, of mode 0400 or 0600
  OPENSHELL_K8S_SA_TOKEN_FILE   a Kubernetes ServiceAccount token, to trade for one

TLS: OPENSHELL_TLS_CA, OPENSHELL_TLS_CERT with OPENSHELL_TLS_KEY, OPENSHELL_GATEWAY_TLS_SERVER_NAME.
Command: OPENSHELL_MAIN_PROCESS_SPEC, OPENSHELL_USER_ENVIRONMENT, OPENSHELL_SANDBOX_UID, OPENSHELL_SANDBOX_GID.
Others: OPENSHELL_LOG_PUSH_LEVEL (info), OPENSHELL_POLICY_POLL_INTERVAL_SECS (10).

The command runs as another user where the supervisor is root. Nothing else confines it: no network, filesystem or system
call rule is enforced, and a policy that asks for one is reported as failed.
`;

/** Runs what the command line asks for. Resolves to the exit code: 2 for settings that cannot be used. */
export async function runProgram(host: Host): Promise<number> {
  const [first, ...rest] = host.argv;
  const isDebug = first === "debug-rpc";
  const separator = host.argv.indexOf("--");
  const own = separator < 0 ? host.argv : host.argv.slice(0, separator);
  if (!isDebug && own.some((argument) => argument === "--help" || argument === "-h")) {
    host.stdout(usage);
    return 0;
  }
  try {
    if (isDebug) return await runDebugRpc(rest, host);
    return await runSupervisor(readConfig(host.argv, host.environment, host.directory), host);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof TokenUnreadable)) throw error;
    host.stderr(`openshell-sandbox: ${error.message}\n`);
    return isDebug ? 1 : 2;
  }
}
