import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigError, type GatewayConfig, loadConfig, parseCommandLine } from "../../../src/config/index.ts";

/** A machine of its own: a home, files in it, and what a start there with some arguments and variables comes to. */
export class Place implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), "config-"));

  get tlsDir(): string {
    return join(this.home, ".local/state/openshell/tls");
  }

  /** Writes a file below the home; its text matters to those who read it alone. */
  put(path: string, text = "x"): string {
    const full = join(this.home, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  putSigningKey(): void {
    for (const name of ["signing.pem", "public.pem", "kid"]) this.put(`.local/state/openshell/tls/jwt/${name}`);
  }

  putCertificates(): void {
    for (const name of ["ca.crt", "server/tls.crt", "server/tls.key"]) this.put(`.local/state/openshell/tls/${name}`);
  }

  /** The keys of `[openshell.gateway]`, in the file that is found without being named. */
  toml(text: string): string {
    return this.put(".config/openshell/gateway.toml", `[openshell.gateway]\n${text}`);
  }

  load(argv: readonly string[] = [], environment: Record<string, string> = {}): Promise<GatewayConfig> {
    const plan = parseCommandLine(argv, "0");
    if (plan.command !== "serve") throw new Error(`not a command line that serves: ${JSON.stringify(plan)}`);
    return loadConfig({ flags: plan.flags, environment: { HOME: this.home, ...environment } });
  }

  /** What a start is refused with, the home's path replaced by `~`. */
  async problems(argv: readonly string[] = [], environment: Record<string, string> = {}): Promise<string[]> {
    try {
      await this.load(argv, environment);
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      if (!thrown.problems.every((problem) => thrown.message.includes(problem))) throw new Error("not all is told");
      return thrown.problems.map((problem) => problem.replaceAll(this.home, "~"));
    }
    return [];
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
