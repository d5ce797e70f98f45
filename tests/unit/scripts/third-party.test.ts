import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thirdPartyNotices } from "../../../scripts/third-party.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

/** Lays files out and bundles those of them that are modules. */
function noticesOf(files: Record<string, string>): string {
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(directory.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
  const modules = Object.fromEntries(paths.filter((path) => path.endsWith(".js")).map((path) => [path, {}]));
  return thirdPartyNotices([{ modules }]);
}

const manifest = (name: string, license?: string) => JSON.stringify({ name, version: "1.2.3", license });

test("a bundled package is named once, with its version, its licence, and the licence's text", () => {
  const notices = noticesOf({
    "node_modules/@scope/one/package.json": manifest("@scope/one", "MIT"),
    "node_modules/@scope/one/LICENSE.md": "Copyright (c) A. Author\nPermission is granted",
    "node_modules/@scope/one/lib/a.js": "",
    "node_modules/@scope/one/lib/b.js": "",
  });
  expect(notices.match(/@scope\/one 1\.2\.3\nMIT\n\nCopyright \(c\) A\. Author\nPermission is granted/g)).toHaveLength(
    1,
  );
});

test("a package within a package is one of its own, whatever manifests are deeper in it", () => {
  const notices = noticesOf({
    "node_modules/outer/node_modules/inner/package.json": manifest("inner", "ISC"),
    "node_modules/outer/node_modules/inner/LICENCE": "of inner",
    "node_modules/outer/node_modules/inner/dist/esm/package.json": '{"type":"module"}',
    "node_modules/outer/node_modules/inner/dist/esm/index.js": "",
  });
  expect(notices).toContain("inner 1.2.3\nISC\n\nof inner");
  expect(notices).toContain("contain 1 packages");
});

test("without a licence file, what its sources and its read-me file say of rights is kept, and nothing else of them", () => {
  const notices = noticesOf({
    "node_modules/bare/package.json": manifest("bare", "MIT"),
    "node_modules/bare/README.md": "# Bare\nDoes things.\n## License\nCopyright (c) B. Author\n## More\nand more",
    "node_modules/bare/index.js":
      "// Copyright 2008 C. Author\n// All rights.\n\n// a remark\nlet a;\n/* copyright D. */",
  });
  for (const kept of ["// Copyright 2008 C. Author\n// All rights.", "/* copyright D. */", "Copyright (c) B. Author"]) {
    expect(notices).toContain(kept);
  }
  for (const left of ["a remark", "Does things", "and more", "let a"]) expect(notices).not.toContain(left);
});

test("a package that does not say under which licence it is cannot be bundled", () => {
  expect(() => noticesOf({ "node_modules/x/package.json": manifest("x"), "node_modules/x/index.js": "" })).toThrow(
    "x does not say under which licence it is",
  );
});

test("our own sources are nobody else's", () => {
  expect(noticesOf({ "src/a.js": "// Copyright of ours" })).not.toContain("Copyright of ours");
});
