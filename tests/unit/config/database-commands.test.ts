import { expect, test } from "vitest";
import { parseCommandLine } from "../../../src/config/index.ts";

const parse = (...argv: string[]) => parseCommandLine(argv, "1.2.3");
const flags = new Map([
  ["config", "c"],
  ["stateDir", "s"],
  ["databaseUrl", "sqlite:x"],
]);

test("the database's commands find it as serve does", () => {
  const argv = ["--config", "c", "--state-dir", "s", "--db-url", "sqlite:x"];
  expect(parse("migrate", ...argv)).toEqual({ command: "migrate", flags });
  expect(parse("backup", ...argv, "--to", "f")).toEqual({ command: "backup", to: "f", flags });
  expect(parse("restore", "--from=f", ...argv)).toEqual({ command: "restore", from: "f", flags });
  expect(parse("migrate")).toEqual({ command: "migrate", flags: new Map() });
});

test.each([
  ["migrate --port 1", /unknown option '--port'/],
  ["migrate now", /too many arguments/],
  ["backup", /required option '--to <file>' not specified/],
  ["backup --to", /argument missing/],
  ["backup --to f --from f", /unknown option '--from'/],
  ["backup --to f g", /too many arguments/],
  ["restore", /required option '--from <file>' not specified/],
  ["restore --from f --to f", /unknown option '--to'/],
])("%s is refused, and nothing is done", (line, says) => {
  expect(parse(...line.split(" "))).toMatchObject({
    ...{ command: "say", to: "stderr", exitCode: 2 },
    text: expect.stringMatching(says),
  });
});

test.each(["migrate", "backup", "restore"])("%s explains itself", (command) => {
  expect(parse("--help")).toMatchObject({ text: expect.stringContaining(`  ${command} `) });
  expect(parse(command, "--help")).toMatchObject({ to: "stdout", text: expect.stringContaining("OPENSHELL_DB_URL") });
});
