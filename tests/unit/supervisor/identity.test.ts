import { expect, test } from "vitest";
import { checkIdentity, chooseIdentity } from "../../../src/supervisor/identity.ts";

const root = { uid: 0, gid: 0 };
const user = { uid: 1000, gid: 1000 };
const unset = { uid: undefined, gid: undefined };
const accounts = { user: () => undefined, group: () => undefined };

test("P4: under a root supervisor the main process is nobody, unless someone says otherwise", () => {
  expect(chooseIdentity({ own: root, configured: unset, accounts })).toEqual({ uid: 65534, gid: 65534 });
});

test("the operator's user wins, and is its own group where none was said", () => {
  const configured = { uid: 1500, gid: undefined };
  expect(chooseIdentity({ own: root, configured, accounts })).toEqual({ uid: 1500, gid: 1500 });
});

test("a supervisor that is not root runs the main process as itself", () => {
  expect(chooseIdentity({ own: user, configured: unset, accounts })).toEqual(user);
});

test.each([
  ["OPENSHELL_SANDBOX_UID", { uid: 1500, gid: undefined }],
  ["OPENSHELL_SANDBOX_GID", { uid: undefined, gid: 1500 }],
])("%s that a supervisor without root cannot give is refused", (name, configured) => {
  expect(() => checkIdentity({ own: user, configured, accounts })).toThrow(name);
});

test("its own user may be named", () => {
  expect(() => checkIdentity({ own: user, configured: user, accounts })).not.toThrow();
});
