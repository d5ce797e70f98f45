import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { authorization, secret } from "../../../gen/openshell/options/v1/options_pb.ts";

/** Writes compiled descriptors as rows of the wire tables; a row is the cells between tabs. */

const none = "-";

export function messageRows(file: DescFile): string[] {
  return [...nestedTypes(file)].filter((type) => type.kind === "message").flatMap(fieldRows);
}

export function enumRows(file: DescFile): string[] {
  return [...nestedTypes(file)].filter((type) => type.kind === "enum").flatMap(valueRows);
}

export function methodRows(file: DescFile): string[] {
  return file.services.flatMap((service) => service.methods.map(methodRow));
}

function fieldRows(message: DescMessage): string[] {
  if (message.fields.length === 0) return [row(message.typeName, none, none, none, "(empty)", none)];
  return message.fields.map((field) =>
    row(
      message.typeName,
      String(field.number),
      field.name,
      cardinality(field),
      typeName(field),
      getOption(field, secret) ? "secret" : none,
    ),
  );
}

function valueRows(type: DescEnum): string[] {
  return type.values.map((value) => row(type.typeName, String(value.number), value.name));
}

function methodRow(method: DescMethod): string {
  const rule = hasOption(method, authorization) ? getOption(method, authorization) : undefined;
  return row(
    method.parent.typeName,
    method.name,
    method.methodKind,
    method.input.typeName,
    method.output.typeName,
    rule?.authMode || none,
    rule?.scope || none,
    rule?.workspaceRole || none,
    rule?.globalRole || none,
  );
}

function cardinality(field: DescField): string {
  if (field.fieldKind === "list") return "repeated";
  if (field.fieldKind === "map") return "map";
  if (field.oneof) return `oneof:${field.oneof.name}`;
  // A message has presence in any case; `optional` says something of the others alone.
  return !field.message && field.presence === FeatureSet_FieldPresence.EXPLICIT ? "optional" : none;
}

function typeName(field: DescField): string {
  const value = field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar);
  return field.fieldKind === "map" ? `map<${scalarName(field.mapKey)},${value}>` : value;
}

const scalarName = (scalar: ScalarType | undefined): string => (scalar ? ScalarType[scalar].toLowerCase() : none);

const row = (...cells: readonly string[]): string => cells.join("\t");
