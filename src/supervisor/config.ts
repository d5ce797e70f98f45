import type { SandboxId } from "../core/ids.ts";
import type { LevelFilter } from "./log.ts";
import type { TokenSourceConfig } from "./token-source.ts";

/** What the supervisor runs with; read once by `readConfig`, then passed down. */
export interface SupervisorConfig {
  readonly connection: ConnectionConfig;
  readonly sandboxId: SandboxId;
  /** Needed to give a sandbox without a policy its first one. */
  readonly sandboxName: string | undefined;
  readonly tokenSource: TokenSourceConfig;
  /** Least level of the lines on standard error. */
  readonly logLevel: LevelFilter;
  /** Least level of the supervisor's own lines that go to the gateway. */
  readonly logPushLevel: LevelFilter;
  /** Undefined where the supervisor only keeps its session. */
  readonly mainProcess: MainProcessSpec | undefined;
  readonly userEnvironment: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** Ends the main process after so many milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Who the main process runs as, where the operator said so. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly pollIntervalMs: number;
}

export interface ConnectionConfig {
  /** An origin: `http://` (HTTP/2 with prior knowledge) or `https://`. */
  readonly endpoint: string;
  readonly tls: TlsConfig;
}

/** Paths of PEM files. */
export interface TlsConfig {
  /** What the gateway's certificate must chain to; undefined trusts what Node.js trusts. */
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  /** The name to ask for and to verify in place of the endpoint's host. */
  readonly serverName: string | undefined;
}

export interface MainProcessSpec {
  readonly command: readonly [string, ...string[]];
  readonly tty: boolean;
}

/** A setting that cannot be used: names it, the shape it has, and what was expected. Never repeats a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(setting: string, shape: string, expected: string) {
    super(`${setting} is ${shape}; expected ${expected}`);
  }
}

/** Says what a value looks like without saying it. */
export function shapeOf(text: string): string {
  return text === "" ? "empty" : `a string of ${text.length} character${text.length === 1 ? "" : "s"}`;
}
