import { complaint, shapeOf } from "./complaint.ts";

/**
 * Demands a path that means the same to everybody: absolute, and without `..`, which a rule that compares prefixes
 * would read otherwise than the kernel.
 */
export function checkPath(path: string, field: string): void {
  if (!path.startsWith("/")) throw complaint(field, "an absolute path", `${shapeOf(path)} that start otherwise`);
  if (path.split("/").includes("..")) throw complaint(field, 'a path without ".."', "one with it");
}
