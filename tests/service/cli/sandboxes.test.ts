import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { newUser } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

test("all sandboxes of a workspace are deleted, and one that cannot be does not keep the others", async () => {
  await using gateway = await startSmallGateway({
    methods: {
      deleteSandbox: ({ name }) => {
        if (name === "b") throw new ConnectError("role required", Code.PermissionDenied);
        return { deleted: true };
      },
    },
  });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  for (const name of ["a", "b", "c"]) await user.run("sandbox", "create", "--name", name, "--detach");
  const { code, stdout, stderr } = await user.run("sandbox", "delete", "--all");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "a\nc\n" });
  expect(stderr).toContain("answered PERMISSION_DENIED: role required");
});

test("a policy alone is printed as YAML, and as JSON where that is wanted", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  await user.run("sandbox", "create", "--name", "ruled", "--detach");
  expect((await user.run("sandbox", "get", "ruled", "--policy-only")).stdout).toBe(
    '"version": 1\n"networkPolicies":\n  "web":\n    "name": "web"\n    "endpoints":\n      - "host": "example.com"\n        "port": 443\n',
  );
  expect(JSON.parse((await user.run("sandbox", "get", "ruled", "--policy-only", "-o", "json")).stdout)).toEqual({
    version: 1,
    networkPolicies: { web: { name: "web", endpoints: [{ host: "example.com", port: 443 }] } },
  });
});
