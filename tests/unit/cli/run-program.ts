import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../../src/cli/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";

interface Options {
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly isTty?: boolean;
}

/** A home directory, and the command line run in this process for whoever lives there. */
export function newHome() {
  const home = mkdtempSync(join(tmpdir(), "openshell-home-"));
  const clock = new FakeClock();
  return {
    home,
    clock,
    /** The user's own configuration directory. */
    config: join(home, ".config/openshell"),
    system: join(home, "system"),
    async openshell(argv: readonly string[], { env = {}, signal, isTty = false }: Options = {}) {
      const texts = { stdout: "", stderr: "" };
      const collect = (name: keyof typeof texts) => ({
        write: (text: string) => {
          texts[name] += text;
        },
      });
      const code = await runCli({
        argv,
        version: "9.9.9",
        env: { HOME: home, OPENSHELL_SYSTEM_GATEWAY_DIR: join(home, "system"), ...env },
        stdout: collect("stdout"),
        stderr: collect("stderr"),
        signal: signal ?? new AbortController().signal,
        clock,
        isTty,
      });
      return { code, ...texts };
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}
