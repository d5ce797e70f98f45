import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DescFile } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { enumRows, messageRows, methodRows } from "./wire/rows.ts";

/** Fields that the tables leave open and that hold a secret all the same; the option changes no byte on the wire. */
const secretHereToo = [
  "openshell.credentials.v1.StoreCredentialRequest.value",
  "openshell.credentials.v1.ResolvedCredential.value",
];

const generated = resolve(import.meta.dirname, "../../gen");
const files = await compiledFiles();
const packages = [...new Set(tableRows("fields").map((row) => packageOf(row)))].sort();

test("the tables speak of the packages that unmodified clients know", () => {
  expect(packages).toEqual([
    "openshell.compute.v1",
    "openshell.credentials.v1",
    "openshell.datamodel.v1",
    "openshell.gateway_interceptor.v1",
    "openshell.inference.v1",
    "openshell.middleware.v1",
    "openshell.options.v1",
    "openshell.sandbox.v1",
    "openshell.v1",
  ]);
  expect([tableRows("fields").length, tableRows("enums").length, tableRows("methods").length]).toEqual([1083, 77, 95]);
});

describe.each(packages)("%s", (name) => {
  const own = files.filter((file) => file.proto.package === name);
  const expected = (table: string): string[] => tableRows(table).filter((row) => packageOf(row) === name);

  test("has exactly the messages and fields of the table: names, numbers, cardinality, types, secrecy", () => {
    expect(own.flatMap(messageRows).sort()).toEqual(expected("fields").map(withSecrecy).sort());
  });

  test("has exactly the enums and values of the table", () => {
    expect(own.flatMap(enumRows).sort()).toEqual(expected("enums").sort());
  });

  test("has exactly the methods of the table: kinds, messages, modes, scopes, roles", () => {
    expect(own.flatMap(methodRows).sort()).toEqual(expected("methods").sort());
  });
});

/** All files that `gen/` describes, by the one constant in each that does so. */
async function compiledFiles(): Promise<DescFile[]> {
  const modules: Record<string, unknown>[] = await Promise.all(
    globSync("**/*_pb.ts", { cwd: generated }).map((path) => import(pathToFileURL(join(generated, path)).href)),
  );
  return modules.flatMap((module) => Object.values(module).filter(isFile));
}

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file";
}

function tableRows(table: string): string[] {
  const [, ...rows] = readFileSync(join(import.meta.dirname, `wire/${table}.tsv`), "utf8")
    .trimEnd()
    .split("\n");
  return rows;
}

/** The lower-case parts that a row's first cell begins with. */
function packageOf(row: string): string {
  return (row.split("\t")[0] ?? "")
    .split(".")
    .filter((part) => /^[a-z]/.test(part))
    .join(".");
}

function withSecrecy(row: string): string {
  const [message, , field] = row.split("\t");
  return secretHereToo.includes(`${message}.${field}`) ? row.replace(/-$/, "secret") : row;
}
