import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { compileCache } from "../../support/built-program.ts";

const repository = resolve(import.meta.dirname, "../../..");

export interface Generated {
  readonly exitCode: number;
  readonly stderr: string;
  /** What was written for `openshell/v1/under_test.proto`; undefined where nothing was. */
  readonly table: string | undefined;
}

/**
 * Runs the plugin through `buf generate` over one proto file and our options, as a contributor's `npm run generate`
 * would. `source` becomes `openshell/v1/under_test.proto` unless another path is given.
 */
export async function generate(source: string, path = "openshell/v1/under_test.proto"): Promise<Generated> {
  const directory = await mkdtemp(join(tmpdir(), "openshell-authz-"));
  try {
    const module = join(directory, "proto");
    await cp(join(repository, "proto/openshell/options"), join(module, "openshell/options"), { recursive: true });
    await mkdir(dirname(join(module, path)), { recursive: true });
    await writeFile(join(module, path), source);
    const finished = await buf(["generate", module, "--template", template, "-o", join(directory, "out")]);
    const table = await readFile(join(directory, "out", path.replace(".proto", "_authz.ts")), "utf8").catch(absent);
    return { ...finished, table };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const template = JSON.stringify({
  version: "v2",
  plugins: [
    {
      local: [process.execPath, join(repository, "src/codegen/protoc-gen-openshell-authz.ts")],
      out: ".",
      strategy: "all",
      opt: ["target=ts"],
    },
  ],
});

function buf(args: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
  return new Promise((settle, fail) => {
    const env = { ...process.env, ...compileCache() };
    const child = execFile(join(repository, "node_modules/.bin/buf"), args, { env }, (error, _stdout, stderr) => {
      if (error && child.exitCode === null) fail(error);
      else settle({ exitCode: child.exitCode ?? 0, stderr });
    });
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
