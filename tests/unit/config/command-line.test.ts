import { expect, test } from "vitest";
import { parseCommandLine } from "../../../src/config/index.ts";

const parse = (...argv: string[]) => parseCommandLine(argv, "1.2.3");
const certs = { command: "generate-certs", outputDir: undefined, jwtOnly: false, serverSans: [], dryRun: false };

test("without a command, the gateway serves", () => {
  expect(parse()).toEqual({ command: "serve", flags: new Map() });
  expect(parse("--port", "1", "--dev")).toEqual(parse("serve", "--dev", "--port=1"));
});

test("flags are told as they were written", () => {
  expect(parse("--dev", "--no-reflection", "--driver", "a", "--allowed-host", "b", "--allowed-host", "c")).toEqual({
    command: "serve",
    flags: new Map<string, unknown>([
      ["dev", true],
      ["reflection", false],
      ["drivers", ["a"]],
      ["allowedHosts", ["b", "c"]],
    ]),
  });
});

test("generate-certs has its own", () => {
  expect(parse("generate-certs")).toEqual(certs);
  expect(
    parse("generate-certs", "--output-dir", "x", "--jwt-only", "--server-san", "a", "--server-san", "b", "--dry-run"),
  ).toEqual({ ...certs, outputDir: "x", jwtOnly: true, serverSans: ["a", "b"], dryRun: true });
});

test("what one line says does not stay for the next", () => {
  parse("generate-certs", "--server-san", "a");
  expect(parse("generate-certs")).toEqual(certs);
});

test("the version and the help are for the standard output", () => {
  expect(parse("--version")).toEqual({ command: "say", text: "1.2.3\n", to: "stdout", exitCode: 0 });
  const help = parse("--help");
  expect(help).toMatchObject({ command: "say", to: "stdout", exitCode: 0 });
  for (const part of ["generate-certs", "--bind-address", "OPENSHELL_SERVER_PORT", "--driver"]) {
    expect(help.command === "say" && help.text).toContain(part);
  }
  expect(parse("generate-certs", "--help")).toMatchObject({ to: "stdout", exitCode: 0 });
});

test.each([
  [["--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)\n"],
  [["--port"], "error: option '--port <port>' argument missing\n"],
  [["sreve"], "error: too many arguments for 'serve'. Expected 0 arguments but got 1: sreve.\n"],
  [
    ["--port", "1", "generate-certs"],
    "error: too many arguments for 'serve'. Expected 0 arguments but got 1: generate-certs.\n",
  ],
  [["generate-certs", "--namespace", "x"], "error: unknown option '--namespace'\n"],
  [["generate-certs", "--port", "1"], "error: unknown option '--port'\n"],
  [["--oidc-issuer", "x"], "error: unknown option '--oidc-issuer'\n"],
])("%j is a mistake", (argv, text) => {
  expect(parse(...argv)).toEqual({ command: "say", text, to: "stderr", exitCode: 2 });
});

test.each([
  ["--db-ulr=postgres://ada:hunter2@db/x"],
  ["--db-ulr=postgres://ada:hun/ter2@db/x"],
  ["serve", "postgres://ada:hunter2@db/x"],
  ["postgres://ada:hunter2@db/x"],
])("T7: a mistake in %j is told without a password", (...argv) => {
  const said = parse(...argv);
  expect(said).toMatchObject({
    command: "say",
    exitCode: 2,
    text: expect.stringContaining("postgres://[secret]@db/x"),
  });
  expect(JSON.stringify(said)).not.toMatch(/ada|ter2/);
});
