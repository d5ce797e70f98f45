import type { JsonValue } from "@bufbuild/protobuf";
import { complaint, shapeOf } from "./complaint.ts";

/** What any part of a policy may hold at most. */
const most = { text: 4_096, key: 128, elements: 1_000, depth: 32 } as const;

const control = /\p{Cc}/u;
const plainKey = /^[A-Za-z0-9_-]+$/;

/**
 * Checks what holds for every part of a policy: how long, how many, how deep, and no control characters.
 * @throws Refusal `request-invalid` that names the part.
 */
export function checkTree(value: JsonValue, path: string, depth = 0): void {
  if (typeof value === "string") checkText(value, path);
  if (typeof value !== "object" || value === null) return;
  if (depth > most.depth) throw complaint(path, `at most ${most.depth} levels`, "more");
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  if (members.length > most.elements) {
    throw complaint(path, `at most ${most.elements} elements`, `${members.length}`);
  }
  for (const [key, member] of members) checkTree(member, below(path, key), depth + 1);
}

function checkText(text: string, path: string): void {
  if (text.length > most.text) throw complaint(path, `at most ${most.text} characters`, `${text.length}`);
  if (control.test(text) || !text.isWellFormed()) {
    throw complaint(path, "text without control characters", `${shapeOf(text)} with some`);
  }
}

/** The path of a member; refuses a name that would not be safe to repeat or to use as a key. */
function below(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (key === "" || key.length > most.key || key === "__proto__" || control.test(key) || !key.isWellFormed()) {
    throw complaint(`${path}: a key`, `1 to ${most.key} characters without control characters`, shapeOf(key));
  }
  return plainKey.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
