import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GetSandboxConfigResponseSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { HealthResponseSchema } from "../../../gen/openshell/v1/openshell_pb.ts";
import { encodedBytes, encodedOnce } from "../../../src/core/encoded-once.ts";

const config = (workspace: string) => create(GetSandboxConfigResponseSchema, { workspace, version: 3 });

test("a message that never changes is encoded once", () => {
  const message = encodedOnce(config("default"));
  const bytes = encodedBytes(GetSandboxConfigResponseSchema, message);
  expect(bytes).toEqual(toBinary(GetSandboxConfigResponseSchema, message));
  expect(encodedBytes(GetSandboxConfigResponseSchema, encodedOnce(message))).toBe(bytes);
});

test("any other message is encoded each time, as it is then", () => {
  const message = config("before");
  encodedBytes(GetSandboxConfigResponseSchema, message);
  message.workspace = "after";
  const bytes = encodedBytes(GetSandboxConfigResponseSchema, message);
  expect(fromBinary(GetSandboxConfigResponseSchema, bytes).workspace).toBe("after");
});

test("a copy of a message that never changes is another message", () => {
  const message = encodedOnce(config("default"));
  encodedBytes(GetSandboxConfigResponseSchema, message);
  const bytes = encodedBytes(GetSandboxConfigResponseSchema, { ...message, workspace: "other" });
  expect(fromBinary(GetSandboxConfigResponseSchema, bytes).workspace).toBe("other");
});

test("a plain object is encoded as the message that it describes", () => {
  const bytes = encodedBytes(HealthResponseSchema, { version: "1.2.3" });
  expect(bytes).toEqual(toBinary(HealthResponseSchema, create(HealthResponseSchema, { version: "1.2.3" })));
});

test("a field that holds what its type cannot is refused", () => {
  const message = encodedOnce(config("default"));
  message.version = -1;
  expect(() => encodedBytes(GetSandboxConfigResponseSchema, message)).toThrow(/version/);
});
