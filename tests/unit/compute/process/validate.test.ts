import { expect, test } from "vitest";
import { validateSpec } from "../../../../src/compute/process/validate.ts";
import { newSandboxId } from "../../../../src/core/ids.ts";

const spec = {
  id: newSandboxId(),
  name: "quiet-otter",
  workspace: "default",
  logLevel: "info",
  command: ["bash", "-c", "echo 'ü\n'"],
  tty: true,
  environment: { A: "1", "strange-name": "" },
};

test("what a process can be given is accepted", () => {
  expect(validateSpec(spec)).toBeUndefined();
  expect(validateSpec({ ...spec, command: [], environment: {} })).toBeUndefined();
});

test.each([
  [{ command: ["a\0b"] }, "a command or an environment variable holds a NUL character"],
  [{ environment: { A: "\0" } }, "a command or an environment variable holds a NUL character"],
  [{ command: ["", "x"] }, "the command's program is empty"],
  [{ environment: { "": "x" } }, '"" cannot be the name of an environment variable'],
  [{ environment: { "A=B": "x" } }, '"A=B" cannot be the name of an environment variable'],
  [
    { environment: { A: "x".repeat(131_072) } },
    "the environment is longer than the process driver can pass on (128 KiB)",
  ],
  [{ command: ["x".repeat(131_072)] }, "the command is longer than the process driver can pass on (128 KiB)"],
])("%# %.60j is refused", (change, why) => {
  expect(validateSpec({ ...spec, ...change })).toBe(why);
});
