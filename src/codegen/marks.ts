import type { DescFile } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import type { OptionReader } from "./options.ts";
import type { Problem } from "./problem.ts";
import { isText } from "./sandbox-references.ts";

/** Checks every mark of a file, whether a request leads to it or not. */
export function checkMarks(file: DescFile, options: OptionReader): Problem[] {
  const problems: Problem[] = [];
  for (const type of nestedTypes(file)) {
    if (type.kind !== "message") continue;
    for (const field of type.fields) {
      const by = options.sandboxRef(field);
      const says = (text: string) => problems.push({ at: field, says: text });
      if (by === undefined) {
        if (options.sandboxRefOptional(field)) says(`${field.name} has sandbox_ref_optional, but no sandbox_ref`);
        continue;
      }
      if (by !== "id" && by !== "name") says(`sandbox_ref must be "id" or "name", not "${by}"`);
      if (!isText(field)) says(`sandbox_ref marks ${field.name}, which is not a single string`);
    }
  }
  return problems;
}
