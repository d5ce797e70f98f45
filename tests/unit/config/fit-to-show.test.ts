import { afterEach, beforeEach, expect, test } from "vitest";
import { parseCommandLine } from "../../../src/config/index.ts";
import { Place } from "./place.ts";

let place: Place;
beforeEach(() => {
  place = new Place();
  place.putSigningKey();
});
afterEach(() => place[Symbol.dispose]());

const file = "~/.config/openshell/gateway.toml";
const token = "eyJhbGciOiJFZERTQSJ9.e30.c2ln";

test.each([
  ["a token behind its scheme", `Bearer ${token}`, 36],
  ["a password with a slash in it", "postgres://ada:hun/ter2@db/x", 28],
  ["a URL without its scheme", "//ada:hunter2@db/x", 18],
])("T7: %s as a wrong value is told by its length", async (_what, value, length) => {
  place.toml(`log_level = "${value}"`);
  expect(await place.problems()).toEqual([
    `openshell.gateway.log_level in ${file}: expected one of trace, debug, info, warn, error, got a string of ${length} characters`,
  ]);
});

test.each([
  ["a URL with a password", "postgres://ada:hunter2@db/x", 27],
  ["a token", token, 29],
  ["a line end", "a\nb", 3],
  ["an escape sequence", "\u001b[2J", 4],
  ["a NUL", "a\0b", 3],
  ["a turn of direction", "a\u202eb", 3],
  ["more characters than a path may have", "x".repeat(4_096), 4_096],
])("T7: %s is no path, and is not told as one", async (_what, value, length) => {
  const problem = `--tls-cert: expected a path, got a string of ${length} characters`;
  expect(await place.problems(["--tls-cert", value])).toContain(problem);
});

test.each([["/srv/tls//server@gateway.crt"], ["C:\\tls\\a b.crt"], ["./gârdien/نیم‌فاصله.crt"]])(
  "%s is a path",
  async (path) => {
    expect((await place.problems(["--tls-cert", path])).join()).toContain("expected a file that can be read");
  },
);

test.each([
  ["an escape sequence", '"\\u001b[31mred"', "(a key of 8 characters)"],
  ["a line end", '"a\\nopenshell.gateway.b"', "(a key of 21 characters)"],
  ["a line separator", '"\\u2028"', "(a key of 1 characters)"],
  ["a great length", "k".repeat(3_000), "(a key of 3000 characters)"],
  ["nothing", '""', '""'],
])("a key that holds %s is told on one line", async (_what, key, shown) => {
  place.toml(`${key} = 1`);
  expect(await place.problems()).toEqual([`openshell.gateway.${shown} in ${file}: unknown key`]);
});

const said = (...argv: string[]) => {
  const plan = parseCommandLine(argv, "0");
  return plan.command === "say" ? plan.text : plan.command;
};

test.each([
  ["a token behind a mistyped flag", [`--db-ulr=${token}`], "unknown option '--db-ulr=(29 characters)'"],
  ["a token that stands alone", [token], "(29 characters)"],
  ["an escape sequence", ["--x=\u001b[2J"], "unknown option '--x=(4 characters)'"],
  ["a turn of direction", ["\u202e"], "(1 characters)"],
  ["a long text", ["x".repeat(5_000)], "(5000 characters)"],
  ["a private key", ["-----BEGIN PRIVATE KEY-----\nMC4C\n"], "(33 characters)"],
])("T7: %s on a command line is told by its length", (_what, argv, shown) => {
  const text = said(...argv);
  expect(text).toContain(shown);
  expect(text).not.toContain(argv[0]!.split("=").at(-1));
});
