import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const folder = fileURLToPath(new URL(".", import.meta.url));

test("what forgets a check does not compile, and what does not forget it does", async () => {
  const compiled = await run("npx", ["tsc", "--noEmit", "-p", folder], { cwd: folder }).catch((failed) => failed);
  expect(compiled.stdout).toBe("");
}, 60_000);
