import fc from "fast-check";
import { afterAll, beforeAll, expect } from "vitest";
import { ConfigError, loadConfig, parseCommandLine } from "../../src/config/index.ts";
import { optionNames, options } from "../../src/config/options/index.ts";
import { Place } from "../unit/config/place.ts";
import { goodFile, marker, oddLines, oddTexts, oddValues } from "./corpus/config.ts";
import { fuzz } from "./support/fuzz.ts";

const lines = goodFile.split("\n");
const flags = optionNames.flatMap((name) => options[name].flag ?? []);
const variables = optionNames.flatMap((name) => options[name].env ?? []);

let place: Place;
beforeAll(() => {
  place = new Place();
  place.putSigningKey();
});
afterAll(() => place[Symbol.dispose]());

/** What a start comes to: nothing where it has a configuration, else what is said. Throws what must not be thrown. */
async function start(argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<string[]> {
  const plan = parseCommandLine(argv, "0");
  if (plan.command === "say") return plan.exitCode === 0 ? [] : [plan.text];
  if (plan.command !== "serve") return [];
  try {
    await loadConfig({ flags: plan.flags, environment: { HOME: place.home, ...environment } });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const problem of thrown.problems) {
      expect(problem, "a problem says where it stands").toMatch(
        /^(--[a-z-]+|OPENSHELL_[A-Z_]+|[\s\S]+ in \/[\s\S]+|\/[\s\S]+): [\s\S]+$/,
      );
    }
    return [...thrown.problems];
  }
}

/** Nothing that moves a cursor, ends a line, or turns the direction of what follows. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

function expectFitToShow(said: readonly string[]): void {
  for (const text of said) {
    expect(text).not.toContain(marker);
    expect(text).not.toMatch(unprintable);
    expect(text.length).toBeLessThan(5_000);
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
}

type Edit =
  | { readonly do: "value"; readonly line: number; readonly value: string }
  | { readonly do: "line"; readonly line: number; readonly text: string }
  | { readonly do: "without"; readonly line: number }
  | { readonly do: "again"; readonly line: number; readonly at: number }
  | { readonly do: "character"; readonly line: number; readonly at: number; readonly text: string };

const line = fc.nat(lines.length - 1);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("value" as const), line, value: fc.constantFrom(...oddValues) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("line" as const), line, text: fc.constantFrom(...oddLines) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("without" as const), line }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), line, at: line }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("character" as const),
      line,
      at: fc.nat(40),
      text: fc.oneof(fc.string({ maxLength: 1 }), fc.constantFrom(..."[]{}=\"'.,#\\\0\n\u001b")),
    }),
  },
);

function edited(edits: readonly Edit[]): string {
  // Characters first, so that a secret keeps its form.
  const inOrder = [...edits].sort((a, b) => Number(b.do === "character") - Number(a.do === "character"));
  const text = [...lines];
  for (const change of inOrder) {
    const old = text[change.line] ?? "";
    if (change.do === "value") text[change.line] = old.replace(/=.*|$/s, `= ${change.value.replaceAll("$", "$$$$")}`);
    else if (change.do === "line") text[change.line] = `${change.text}\n${old}`;
    else if (change.do === "without") text[change.line] = "";
    else if (change.do === "again") text[change.at] = `${text[change.at]}\n${old}`;
    else text[change.line] = old.slice(0, change.at) + change.text + old.slice(change.at + 1);
  }
  return text.join("\n");
}

const each: readonly Edit[] = [
  ...oddValues.map((value): Edit => ({ do: "value", line: lines.indexOf('log_level = "info"'), value })),
  ...oddLines.map((text): Edit => ({ do: "line", line: 6, text })),
];

fuzz(
  "a file of any text gives a configuration, or problems that name their place, fit a terminal and repeat no secret",
  fc.array(edit, { minLength: 1, maxLength: 3 }),
  { runs: 400, corpus: [[], ...each.map((one) => [one])] },
  async (edits) => {
    place.put(".config/openshell/gateway.toml", edited(edits));
    expectFitToShow(await start([], {}));
  },
);

const text = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...oddTexts) }, { weight: 1, arbitrary: fc.string() });
const argument = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...flags), text).map(([flag, value]) => [`${flag}=${value}`]) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...flags), text).map(([flag, value]) => [`${flag}`, value]) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...flags), text).map(([flag, value]) => [`${flag}x=${value}`]) },
  { weight: 1, arbitrary: text.map((value) => [value]) },
);

fuzz(
  "arguments and variables of any text give a configuration, or say what is wrong, fit a terminal and repeat no secret",
  fc.record({
    argv: fc.array(argument, { maxLength: 2 }).map((all) => all.flat()),
    environment: fc.dictionary(fc.constantFrom(...variables), text, { maxKeys: 2 }),
  }),
  { runs: 300 },
  async ({ argv, environment }) => {
    place.put(".config/openshell/gateway.toml", "");
    const said = await start(argv, environment);
    // The parser of command lines has lines of its own.
    expectFitToShow(said.flatMap((one) => one.split("\n")));
  },
);
