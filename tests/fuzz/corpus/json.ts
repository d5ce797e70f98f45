const deep = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

/** Values that are wrong for most fields, or that somebody's reader took wrongly, as JSON. */
export const oddJson: readonly string[] = [
  ...["null", "true", "0", "-0", "1.5", "1e3", "1e400", "-1e400", "1e-400", "9007199254740993", "18446744073709551616"],
  ...["NaN", "Infinity", "01", "+1", ".5", "1.", "0x10", "1_000", "'a'", "undefined", "", "nul", "[", "{", '"'],
  ...['""', '" "', '"1"', '"1e3"', '"NaN"', '"-Infinity"', '"true"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"'],
  ...['"\\x"', '"\\u12"', '"\n"', '"\u2028"', '"\u202e"', '"AAA"', '"A==="', '"-_-_"', '"1970-13-01T00:00:00Z"'],
  ...['"9999-12-31T23:59:59.999999999Z"', '"1s"', '"-1s"', '"1e400s"', '"315576000001s"', '"../../etc/passwd"'],
  ...["[]", "[null]", "[[]]", "[{}]", "{}", '{"a":null}', '{"":""}', '{"__proto__":{"polluted":1}}'],
  ...['{"__proto__":null}', '{"constructor":{"prototype":{"polluted":1}}}', '{"a":1,"a":2}', '{"@type":"x"}'],
  ...['{"@type":"type.googleapis.com/google.protobuf.Any","value":{}}', '{"toString":"x"}', '{"then":"x"}'],
  ...[deep(90, "[", "]"), deep(110, '{"a":', "}").replace("}", "1}"), deep(5_000, "[", "]"), "[".repeat(5_000)],
  ...[`"${"x".repeat(5_000)}"`, `"${"\\u0001".repeat(600)}"`, `[${Array(600).fill("{}").join(",")}]`],
];

/** Names of members, in their quotes. */
export const oddNames: readonly string[] = [
  '"__proto__"',
  '"constructor"',
  '"prototype"',
  '"toString"',
  '"hasOwnProperty"',
  '"then"',
  '"toJSON"',
  '"$typeName"',
  '"$unknown"',
  '"@type"',
  '""',
  '" "',
  '"a\\u0000"',
  '"\\ud800"',
  '"\\u202e"',
  '"no_such_field"',
  '"a.b/c"',
  '"[a.b]"',
  "unquoted",
];

/** Whole bodies, for any method. */
export const oddBodies: readonly string[] = [
  "",
  " ",
  "null",
  "[]",
  '""',
  "0",
  "{",
  "{}{}",
  "{},",
  "\ufeff{}",
  "{}\0",
  '{"__proto__":{"name":"x"}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"a":1,"a":2}',
  '{"name":"a","name":"b"}',
  '{"name":"a","n\\u0061me":"b"}',
  '{"sandboxId":"a","sandbox_id":"b"}',
  `${'{"spec":'.repeat(3_000)}{}${"}".repeat(3_000)}`,
  `{"labels":{"__proto__":"x"}}`,
  `{"spec":{"environment":{"__proto__":"x","constructor":"y"}}}`,
  "\ud800",
];
