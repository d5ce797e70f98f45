import { expect, test } from "vitest";
import { parseCommandLine } from "../../../src/config/index.ts";

const parse = (line: string) => parseCommandLine(line.split(" "), "1.2.3");

test.each([
  ["keys list", { action: "list", directory: undefined, output: "table" }],
  ["keys list -o json", { action: "list", directory: undefined, output: "json" }],
  ["keys list --output=table --dir /jwt", { action: "list", directory: "/jwt", output: "table" }],
  ["keys prepare", { action: "prepare", directory: undefined, keyId: undefined, force: false }],
  ["keys prepare --dir /jwt", { action: "prepare", directory: "/jwt", keyId: undefined, force: false }],
  ["keys activate", { action: "activate", directory: undefined, keyId: undefined, force: false }],
  ["keys activate --kid a --force", { action: "activate", directory: undefined, keyId: "a", force: true }],
  ["keys retire --force", { action: "retire", directory: undefined, keyId: undefined, force: true }],
  ["keys revoke --kid a", { action: "revoke", directory: undefined, keyId: "a", force: false }],
])("%s", (line, plan) => {
  expect(parse(line)).toEqual({ command: "keys", ...plan });
});

test.each([
  ["keys", /Usage: openshell-gateway keys/],
  ["keys rotate", /unknown command 'rotate'/],
  ["keys revoke", /required option '--kid <id>' not specified/],
  ["keys prepare --kid a", /unknown option '--kid'/],
  ["keys prepare --force", /unknown option '--force'/],
  ["keys list --force", /unknown option '--force'/],
  ["keys list -o yaml", /Allowed choices are table, json/],
  ["keys activate now", /too many arguments/],
  ["keys activate --kid", /argument missing/],
])("%s is refused, and nothing is done", (line, says) => {
  expect(parse(line)).toMatchObject({ command: "say", to: "stderr", exitCode: 2, text: expect.stringMatching(says) });
});

test("keys and its commands explain themselves", () => {
  const help = parse("keys --help");
  expect(help).toMatchObject({ command: "say", to: "stdout", exitCode: 0 });
  for (const command of ["list", "prepare", "activate", "retire", "revoke"]) {
    expect(help).toMatchObject({ text: expect.stringContaining(command) });
    expect(parse(`keys ${command} --help`)).toMatchObject({
      to: "stdout",
      text: expect.stringContaining("--dir <path>"),
    });
  }
});
