import type { SandboxSpec } from "../driver.ts";
import { supervisorEnvironment } from "./supervisor-environment.ts";

/** Linux takes no longer `NAME=value` in an environment (MAX_ARG_STRLEN). */
const longestVariableBytes = 131_072;

/** Why this machine cannot run the sandbox, in words for the caller; undefined where it can. */
export function validateSpec(spec: SandboxSpec): string | undefined {
  const texts = [spec.name, spec.logLevel, ...spec.command, ...Object.entries(spec.environment).flat()];
  if (texts.some((text) => text.includes("\0"))) return "a command or an environment variable holds a NUL character";
  if (spec.command[0] === "") return "the command's program is empty";

  const unnamed = Object.keys(spec.environment).find((name) => name === "" || name.includes("="));
  if (unnamed !== undefined) return `${JSON.stringify(unnamed)} cannot be the name of an environment variable`;

  const variables = supervisorEnvironment(spec, { endpoint: "", tokenFile: "", tlsCaPath: undefined, base: {} });
  const tooLong = Object.entries(variables).find(
    ([name, value]) => Buffer.byteLength(`${name}=${value}`) >= longestVariableBytes,
  );
  return tooLong && `the ${subject(tooLong[0])} is longer than the process driver can pass on (128 KiB)`;
}

const subject = (variable: string): string =>
  variable === "OPENSHELL_MAIN_PROCESS_SPEC" ? "command" : variable === "OPENSHELL_SANDBOX" ? "name" : "environment";
