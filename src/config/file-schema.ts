import { z } from "zod";
import { optionNames, options } from "./options/index.ts";

interface Tables {
  [key: string]: Tables | z.ZodType;
}

/** What a file may hold: exactly the keys of the options, each of its kind. */
export const fileSchema = z.strictObject({
  openshell: z
    .strictObject({ version: z.literal(1).optional(), gateway: tableOf(gatewayKeys()).optional() })
    .optional(),
});

/** The path of the table that the options' keys stand in. */
export const gatewayPath = ["openshell", "gateway"];

function gatewayKeys(): Tables {
  const tables: Tables = {};
  for (const name of optionNames) {
    const { key, kind } = options[name];
    if (key !== undefined) put(tables, key.split("."), kind.schema.optional());
  }
  return tables;
}

function put(tables: Tables, [first = "", ...rest]: readonly string[], schema: z.ZodType): void {
  if (rest.length === 0) {
    tables[first] = schema;
    return;
  }
  const inner = tables[first] ?? {};
  if (inner instanceof z.ZodType) throw new Error(`${first} is an option and a table`);
  tables[first] = inner;
  put(inner, rest, schema);
}

function tableOf(tables: Tables): z.ZodType {
  const entries = Object.entries(tables).map(([key, inner]): [string, z.ZodType] => [
    key,
    inner instanceof z.ZodType ? inner : tableOf(inner).optional(),
  ]);
  return z.strictObject(Object.fromEntries(entries));
}
