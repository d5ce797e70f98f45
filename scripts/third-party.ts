import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of the bundle, with the modules that are in it by their paths. */
interface Chunk {
  readonly modules: Readonly<Record<string, unknown>>;
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly directory: string;
  /** The files of it that are in the bundle. */
  readonly files: readonly string[];
}

const rule = `\n${"-".repeat(80)}\n`;

/**
 * What the authors of bundled packages ask to be kept with copies of their work: for each package its version, its
 * licence and their notices. @throws Error where a package does not say under which licence it is.
 */
export function thirdPartyNotices(chunks: readonly Chunk[]): string {
  const packages = packagesOf(chunks.flatMap(({ modules }) => Object.keys(modules)));
  const parts = packages.map(({ name, version, license, ...rest }) => {
    return `${name} ${version}\n${license}\n\n${noticesOf(rest).trim()}\n`;
  });
  return [
    `These programs contain ${packages.length} packages, each under the licence of its authors.\n`,
    ...parts,
  ].join(rule);
}

function packagesOf(modules: readonly string[]): Package[] {
  const byDirectory = Map.groupBy(
    modules.filter((id) => id.includes("node_modules") && existsSync(id)),
    packageDirectory,
  );
  const packages = [...byDirectory].map(([directory, files]): Package => {
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const { name, version, license } = manifest;
    if (typeof license !== "string") throw new Error(`${String(name)} does not say under which licence it is`);
    return { name: String(name), version: String(version), license, directory, files };
  });
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The folder right below the innermost `node_modules`, with its scope; files in it may have manifests of their own. */
function packageDirectory(file: string): string {
  const [within = "", base = ""] = [
    file.split("node_modules/").pop(),
    file.slice(0, file.lastIndexOf("node_modules/")),
  ];
  const [first = "", second = ""] = within.split("/");
  return join(base, "node_modules", first.startsWith("@") ? join(first, second) : first);
}

/** Its licence file; where it has none, what its read-me file and the comments of its files say. */
function noticesOf({ directory, files }: Pick<Package, "directory" | "files">): string {
  const named = readdirSync(directory).filter((name) => /^(licen[sc]e|copying|notice)/i.test(name));
  if (named.length > 0) return named.map((name) => readFileSync(join(directory, name), "utf8")).join("\n");
  const spoken = new Set(files.flatMap((file) => commentsOn(/copyright/i, readFileSync(file, "utf8"))));
  return [...spoken, readMeOn(directory)].filter((text) => text !== "").join("\n\n");
}

/** The comments of a source, lines that follow each other being one, in which something stands. */
function commentsOn(wanted: RegExp, source: string): string[] {
  const comments = source.match(/\/\*[\s\S]*?\*\/|(^[ \t]*\/\/.*\n?)+/gm) ?? [];
  return comments.map((text) => text.trim()).filter((text) => wanted.test(text));
}

function readMeOn(directory: string): string {
  const name = readdirSync(directory).find((file) => /^readme(\.md)?$/i.test(file));
  const text = name === undefined ? "" : readFileSync(join(directory, name), "utf8");
  const [section = ""] = /^#+ licen[sc]e[\s\S]*/im.exec(text) ?? [];
  return section.replace(/^#.*\n/, "").split(/\n#/)[0] ?? "";
}
