import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compileCache, directoryVariable } from "../support/built-program.ts";
import { effort, fuzzSeed } from "./support/fuzz.ts";

const program = fileURLToPath(new URL("support/growth-program.ts", import.meta.url));
const inputs = 200;
/** Rounds in which what is needed is loaded, compiled and cached. */
const warming = 3;
const mebibyte = 1_024 * 1_024;

interface Report {
  /** In bytes, after each round. */
  readonly measured: readonly { readonly heap: number; readonly rss: number }[];
  readonly workspace: string;
}

test("a gateway that gets nothing but bad input does not grow, and serves as before", {
  timeout: 120_000,
}, async () => {
  const rounds = warming + effort(3);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", program, ...[rounds, inputs, fuzzSeed].map(String)],
    { env: { ...compileCache(), [directoryVariable]: process.env[directoryVariable] } },
  );
  const { measured, workspace } = JSON.parse(stdout) as Report;
  const [before] = measured.slice(warming - 1);
  const [after] = measured.slice(-1);
  if (!before || !after) throw new Error("nothing was measured");
  // However many rounds there are: 1.7 KiB that each input leaves behind are too much in the least of them.
  expect(after.heap - before.heap, "bytes of heap").toBeLessThan(mebibyte);
  expect(after.rss - before.rss, "bytes of the whole process").toBeLessThan(24 * mebibyte);
  expect(workspace).toBe("default");
});
