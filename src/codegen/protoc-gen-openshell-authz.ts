/**
 * A buf plugin: turns the authorization options of the proto files into one table for each service (requirement A7),
 * `<file>_authz.ts` beside `<file>_pb.ts`. It fails, with file and line, where a method says nothing about who may
 * call it, or where a request could name a sandbox that nobody checks.
 *
 * Runs as a program on the standard streams; nothing imports it.
 */
import type { DescService } from "@bufbuild/protobuf";
import { createEcmaScriptPlugin, runNodeJs, type Schema } from "@bufbuild/protoplugin";
import { authorizationRow } from "./authorization-row.ts";
import { guardedServices } from "./gateway-services.ts";
import { checkMarks } from "./marks.ts";
import { createOptionReader, type OptionReader } from "./options.ts";
import { printTable, type Table } from "./print-table.ts";
import { describeProblem, type Problem } from "./problem.ts";
import type { Row } from "./row.ts";

function generate(schema: Schema): void {
  const options = createOptionReader(schema.allFiles);
  const problems: Problem[] = [];
  for (const file of schema.files) {
    problems.push(...checkMarks(file, options));
    const services = guardedServices(file, options);
    if (services.length === 0) continue;
    const generated = schema.generateFile(`${file.name}_authz.ts`);
    generated.preamble(file);
    for (const service of services) printTable(generated, service, tableOf(service, options, problems));
  }
  if (problems.length > 0)
    throw new Error(["the contract is not complete", ...new Set(problems.map(describeProblem))].join("\n"));
}

function tableOf(service: DescService, options: OptionReader, problems: Problem[]): Table {
  const table = new Map<string, Row>();
  for (const method of service.methods) {
    const row = authorizationRow(method, options, problems);
    if (row) table.set(method.localName, row);
  }
  return table;
}

runNodeJs(createEcmaScriptPlugin({ name: "protoc-gen-openshell-authz", version: "v1", generateTs: generate }));
