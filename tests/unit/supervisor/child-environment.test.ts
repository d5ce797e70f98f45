import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { childEnvironment } from "../../../src/supervisor/child-environment.ts";

const made = (user: Record<string, string>) => childEnvironment(user, "/work", silentLog);

test("the main process has a path, a home and what its owner set", () => {
  expect(made({ EDITOR: "vi" })).toEqual({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "C.UTF-8",
    HOME: "/work",
    EDITOR: "vi",
  });
});

test("the owner's values win", () => {
  expect(made({ PATH: "/opt/bin", HOME: "/home/agent" })).toMatchObject({ PATH: "/opt/bin", HOME: "/home/agent" });
});

test.each(["OPENSHELL_SANDBOX_TOKEN", "OPENSHELL_SANDBOX_TOKEN_FILE", "openshell_sandbox_token", "OPENSHELL_ENDPOINT"])(
  "P4: %s is not passed on, though the owner set it",
  (name) => {
    expect(made({ [name]: "x" })).not.toHaveProperty(name);
  },
);
