import { type DescField, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import type { OptionReader } from "./options.ts";
import type { Problem } from "./problem.ts";
import { type ReachableField, reachableFields } from "./reachable-fields.ts";
import type { FieldReference, RequestReference } from "./row.ts";

const optionName = "(openshell.options.v1.sandbox_ref)";
const soundsLikeSandbox = /(^|_)sandbox(es|(_id|_name)s?)?$/;

/**
 * What in a method's request names a sandbox. The primary reference is the shallowest required mark, the first of
 * several; all others must agree with it. Undefined where the request names none.
 *
 * A text field that sounds like a sandbox and is not marked is a problem, and so is a mark that the guard could not
 * check: within a map, within a message that holds itself, or by name where several values share one workspace.
 */
export function findSandboxReference(
  method: DescMethod,
  options: OptionReader,
  problems: Problem[],
): RequestReference | undefined {
  const reachable = [...reachableFields(method.input)];
  for (const one of reachable) {
    const says = complaint(one, options);
    if (says) problems.push({ at: one.field, says: `${one.field.name} ${says}` });
  }
  const marked = reachable.filter(({ field }) => options.sandboxRef(field) !== undefined);
  const primary = marked.filter(({ repeated }) => !repeated).sort(byPrecedence(options))[0];
  if (!primary) {
    for (const { field } of marked) {
      problems.push({
        at: field,
        says: `${field.name} is repeated: ${method.name} needs ${optionName} outside it too`,
      });
    }
    return undefined;
  }
  return {
    from: "request",
    ...referenceTo(primary, options),
    optional: options.sandboxRefOptional(primary.field),
    also: marked.filter((one) => one !== primary).map((one) => referenceTo(one, options)),
  };
}

function complaint({ field, repeated, beyond }: ReachableField, options: OptionReader): string | undefined {
  const by = options.sandboxRef(field);
  if (by === undefined) {
    const sounds = field.scalar === ScalarType.STRING && soundsLikeSandbox.test(field.name);
    return sounds ? `can be part of a request: mark it with ${optionName}` : undefined;
  }
  if (beyond) return `has ${optionName} within ${beyond}, where the guard cannot check it`;
  if (repeated && by === "name")
    return `has ${optionName} by name in a repeated field, where only an id can be checked`;
  return undefined;
}

function byPrecedence(options: OptionReader) {
  return (a: ReachableField, b: ReachableField): number =>
    Number(options.sandboxRefOptional(a.field)) - Number(options.sandboxRefOptional(b.field)) ||
    a.path.length - b.path.length;
}

function referenceTo({ field, path }: ReachableField, options: OptionReader): FieldReference {
  const by = options.sandboxRef(field) === "name" ? "name" : "id";
  const workspace = field.parent.fields.find((one) => one.name === "workspace" && isText(one));
  return {
    by,
    field: path,
    ...(by === "name" && workspace && { workspace: [...path.slice(0, -1), workspace.localName] }),
  };
}

/** Whether the field holds one text. */
export function isText(field: DescField): boolean {
  return field.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
}
