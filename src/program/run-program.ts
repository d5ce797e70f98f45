import { ConfigError, type Environment, loadConfig, localTlsDirectory, parseCommandLine } from "../config/index.ts";
import type { Clock } from "../core/clock.ts";
import { explain } from "./explain.ts";

/** What the program is given of the process that it runs in. */
export interface ProgramHost {
  /** Without the program's own two. */
  readonly argv: readonly string[];
  readonly version: string;
  readonly environment: Environment;
  /** Of this machine. */
  readonly hostname: string;
  /** The supervisor's program and its first arguments, for drivers that start it. */
  readonly supervisorCommand: readonly string[];
  /** How people start the command line here, for instance `openshell`. */
  readonly commandLine: string;
  readonly clock: Clock;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Is the log read by a person? */
  readonly isTerminal: boolean;
  /** Asks for a clean end. */
  readonly stop: AbortSignal;
  /** Asks for an end without patience. */
  readonly hurry: AbortSignal;
  /** Calls back when certificates and keys should be read again. */
  readonly onReload: (reload: () => void) => void;
}

/**
 * Runs what the command line asks for, loading no more than that needs; resolves to the exit code: 0, 1 where it failed, 2 where the command line or the
 * configuration is wrong.
 */
export async function runGatewayProgram(host: ProgramHost): Promise<number> {
  const plan = parseCommandLine(host.argv, host.version);
  try {
    switch (plan.command) {
      case "say":
        host[plan.to](plan.text);
        return plan.exitCode;
      case "generate-certs": {
        const { describeGenerated, generateCerts } = await import("../tokens/generate-certs/index.ts");
        const outputDir = plan.outputDir ?? localTlsDirectory(host.environment);
        host.stdout(`${describeGenerated(await generateCerts({ ...plan, outputDir, clock: host.clock }))}\n`);
        return 0;
      }
      case "keys":
        await (await import("./keys.ts")).runKeys(plan, host);
        return 0;
      case "migrate":
      case "backup":
      case "restore":
        await (await import("./database-commands.ts")).runDatabaseCommand(plan, host);
        return 0;
      case "serve":
        await (await import("./serve.ts")).serve(
          await loadConfig({ flags: plan.flags, environment: host.environment }),
          host,
        );
        return 0;
    }
  } catch (failed) {
    host.stderr(`openshell-gateway: ${explain(failed)}\n`);
    return failed instanceof ConfigError ? 2 : 1;
  }
}
