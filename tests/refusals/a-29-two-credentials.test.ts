import { expect, test } from "vitest";
import { readBearer } from "../../src/auth/index.ts";
import { refusedFor } from "../support/tokens.ts";

test.each([
  [["Bearer good", "Bearer bad"]],
  [["Bearer bad", "Bearer good"]],
  [["Bearer good", "Bearer good"]],
  [["Bearer good", ""]],
  [["", "Bearer good"]],
  [["Basic x", "Bearer good"]],
  [["Bearer a", "Bearer b", "Bearer c"]],
])("A-29: %j is refused whatever is in it", (values) => {
  expect(readBearer(values)).toEqual(refusedFor("credential-ambiguous"));
});
