import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { type OutputChunk, type Plugin, type RolldownOutput, rolldown } from "rolldown";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The programs of the package, by the names under which people start them. */
export const programs = {
  openshell: "src/bin/openshell.ts",
  "openshell-gateway": "src/bin/openshell-gateway.ts",
  "openshell-sandbox": "src/bin/openshell-sandbox.ts",
} as const;

export interface BundleOptions {
  /** What is written there stands beside what is there already. */
  readonly directory: string;
  /** Sources relative to the repository, by the names of the files that are made of them. */
  readonly entries: Readonly<Record<string, string>>;
  /** Are maps to the sources written too, for `node --enable-source-maps`? */
  readonly sourceMaps: boolean;
}

/**
 * Makes few files of many modules: each entry one, and beside them in `chunks/` what entries share and what is loaded when
 * it is needed. Plain Node runs them, and needs no packages. Nothing is renamed or pressed together, so that stack traces
 * can be read. @throws Error where anything is not found, or otherwise looks wrong to the bundler.
 */
export async function bundle({ directory, entries, sourceMaps }: BundleOptions): Promise<readonly OutputChunk[]> {
  await using build = await rolldown({
    cwd: root,
    input: { ...entries },
    platform: "node",
    // Node 22 knows no `using`.
    transform: { target: "es2024" },
    // The Postgres client takes this one only where it is told to, which it is not here.
    external: ["pg-native"],
    plugins: [builtinsOnDemand],
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  const { output }: RolldownOutput = await build.write({
    dir: directory,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    sourcemap: sourceMaps,
    // The package has no sources; their names and lines are what a trace needs.
    sourcemapExcludeSources: true,
    comments: false,
    // V8 keeps a source that has other characters in twice the memory.
    charset: "ascii",
    codeSplitting: {
      groups: [
        // One small file instead of twenty that hold a function each.
        { name: "core", test: /\0|\/src\/core\// },
        { name: "kysely", test: /node_modules\/kysely\// },
      ],
    },
  });
  return output.filter((one) => one.type === "chunk");
}

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const prefix = "\0builtin:";

/**
 * Takes Node's own modules without `import`, which reads every member that they export. That makes Node load what only
 * loads itself when it is used: its HTTP client `undici` alone, behind a member of `node:http`, takes a tenth of the start.
 */
const builtinsOnDemand: Plugin = {
  name: "builtins-on-demand",
  resolveId(id) {
    // What the bundler itself adds imports this one before anything else is there.
    if (!builtins.has(id) || id.endsWith("module")) return undefined;
    return `${prefix}${id.replace(/^node:/, "")}`;
  },
  load(id) {
    if (!id.startsWith(prefix)) return undefined;
    const name = JSON.stringify(`node:${id.slice(prefix.length)}`);
    return { code: `module.exports = process.getBuiltinModule(${name});`, moduleType: "js" };
  },
};
