import { expect, test } from "vitest";
import { toYaml } from "../../../../src/cli/output/yaml.ts";

test("maps, lists and scalars stand as blocks", () => {
  const value = { a: 1, b: [true, null, "x"], c: { d: [{ e: "1", f: [] }, [2, [3]]], g: {} } };
  expect(toYaml(value)).toBe(
    `"a": 1
"b":
  - true
  - null
  - "x"
"c":
  "d":
    - "e": "1"
      "f": []
    - - 2
      - - 3
  "g": {}
`,
  );
});

test.each([
  [{}, "{}\n"],
  [[], "[]\n"],
  [null, "null\n"],
  ["", '""\n'],
  [-1.5, "-1.5\n"],
])("%j alone is a document", (value, text) => {
  expect(toYaml(value)).toBe(text);
});

test.each(["yes", "null", "1e3", "~", "- x", "a: b", "#c", "*a", "2026-01-01", "0o7", "<<"])(
  "the text %s cannot be taken for anything else",
  (text) => {
    expect(toYaml({ [text]: text })).toBe(`"${text}": "${text}"\n`);
  },
);

test("quotes, line ends and what YAML does not print are escaped", () => {
  expect(toYaml('"\\\n\u0000\u007f\u0085\u009b\u2028\ufeff\ud83d\ude80\ud83d')).toBe(
    '"\\"\\\\\\n\\u0000\\u007f\\u0085\\u009b\\u2028\\ufeff\ud83d\ude80\\ud83d"\n',
  );
});
