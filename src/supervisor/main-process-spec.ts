import { ConfigError, type MainProcessSpec, shapeOf } from "./config.ts";
import type { Setting } from "./environment.ts";

const encodedPrefix = "base64url:";
const expected = `{"version":1,"command":["program",...],"tty":true|false}, as it is or as base64url:<unpadded base64url>`;

/** Reads `OPENSHELL_MAIN_PROCESS_SPEC`. An empty command means that there is no main process. */
export function parseMainProcessSpec({ name, text }: Setting): MainProcessSpec | undefined {
  if (text === undefined) return undefined;
  const spec = parseObject(decode(text));
  if (!spec) throw new ConfigError(name, shapeOf(text), expected);
  const { version, command, tty = false } = spec;
  const isCommand = Array.isArray(command) && command.every((part) => typeof part === "string" && !part.includes("\0"));
  if (version !== 1 || !isCommand || typeof tty !== "boolean") {
    const members = Object.keys(spec).filter((member) => ["version", "command", "tty"].includes(member));
    throw new ConfigError(name, `an object with the members ${members.join(", ") || "of something else"}`, expected);
  }
  const [program, ...args] = command as string[];
  return program ? { command: [program, ...args], tty } : undefined;
}

/** Reads `OPENSHELL_USER_ENVIRONMENT`: a JSON object of strings. */
export function parseUserEnvironment({ name, text }: Setting): Record<string, string> {
  if (text === undefined) return {};
  const entries = parseObject(text);
  const fits = ([key, value]: [string, unknown]) =>
    /^[^=\0]+$/.test(key) && typeof value === "string" && !value.includes("\0");
  if (!entries || !Object.entries(entries).every(fits)) {
    throw new ConfigError(name, shapeOf(text), `a JSON object whose values are strings, such as {"LANG":"C.UTF-8"}`);
  }
  return entries as Record<string, string>;
}

function decode(text: string): string {
  if (!text.startsWith(encodedPrefix)) return text;
  return Buffer.from(text.slice(encodedPrefix.length), "base64url").toString("utf8");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
