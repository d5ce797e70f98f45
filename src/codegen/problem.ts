import type { DescField, DescFile, DescMethod } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";

/** Why the contract cannot be turned into tables, and where in the proto files. */
export interface Problem {
  readonly at: DescField | DescMethod;
  readonly says: string;
}

/** `file:line:column: message`, as editors and CI annotate it; lines and columns count from 1. */
export function describeProblem({ at, says }: Problem): string {
  const { file } = at.parent;
  const { line, column } = position(file, getComments(at).sourcePath);
  return `${file.name}.proto:${line}:${column}: ${says}`;
}

function position(file: DescFile, path: readonly number[]): { line: number; column: number } {
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  const location = locations.find((one) => one.path.length === path.length && one.path.every((n, i) => n === path[i]));
  const [line = 0, column = 0] = location?.span ?? [];
  return { line: line + 1, column: column + 1 };
}
