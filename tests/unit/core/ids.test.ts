import { expect, test } from "vitest";
import { newSandboxId, parseSandboxId } from "../../../src/core/ids.ts";

test("a new id parses", () => {
  const id = newSandboxId();
  expect(parseSandboxId(id)).toBe(id);
});

test.each([
  "",
  "7D9F7B7E-1111-4222-8333-444455556666",
  "7d9f7b7e11114222833344445555666",
  "7d9f7b7e-1111-4222-8333-444455556666\n",
  " 7d9f7b7e-1111-4222-8333-444455556666",
  "../7d9f7b7e-1111-4222-8333-44445555",
  "7d9f7b7e-1111-4222-8333-44445555666\u0430",
])("%j is no id", (text) => {
  expect(parseSandboxId(text)).toBeUndefined();
});
