import type { SandboxSpec } from "../driver.ts";

/** Of the gateway's own environment these reach a supervisor; nothing else does. */
export interface BaseEnvironment {
  readonly PATH?: string | undefined;
  readonly HOME?: string | undefined;
  readonly LANG?: string | undefined;
}

export interface Surroundings {
  readonly endpoint: string;
  readonly tokenFile: string;
  /** PEM file with what the supervisor trusts as the gateway's certificate. */
  readonly tlsCaPath: string | undefined;
  readonly base: BaseEnvironment;
}

/** The supervisor's whole environment. The token is not in it, only where the token is (requirement T7). */
export function supervisorEnvironment(spec: SandboxSpec, surroundings: Surroundings): Record<string, string> {
  const { endpoint, tokenFile, tlsCaPath, base } = surroundings;
  const { PATH, HOME, LANG } = base;
  return defined({
    PATH,
    HOME,
    LANG,
    OPENSHELL_ENDPOINT: endpoint,
    OPENSHELL_TLS_CA: tlsCaPath,
    OPENSHELL_SANDBOX_ID: spec.id,
    OPENSHELL_SANDBOX: spec.name,
    OPENSHELL_SANDBOX_TOKEN_FILE: tokenFile,
    OPENSHELL_LOG_LEVEL: spec.logLevel,
    OPENSHELL_MAIN_PROCESS_SPEC: mainProcess(spec),
    OPENSHELL_USER_ENVIRONMENT: JSON.stringify(spec.environment),
  });
}

const mainProcess = ({ command, tty }: SandboxSpec): string | undefined =>
  command.length === 0 ? undefined : JSON.stringify({ version: 1, command, tty });

const defined = (variables: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
