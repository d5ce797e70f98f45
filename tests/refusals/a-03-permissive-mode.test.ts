import { expect, test } from "vitest";
import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { createChain, createDevUserAuthenticator } from "../../src/auth/index.ts";
import { arrival, refusedFor } from "../support/tokens.ts";

const fullName = (name: string) => `${OpenShell.typeName}/${name}`;
const rows = Object.entries(openShellAuthorization).map(
  ([name, row]) => [name, OpenShell.method[name as keyof typeof OpenShell.method].name, row.mode] as const,
);
const sandboxOnly = new Set(rows.filter(([, , mode]) => mode === "sandbox").map(([, name]) => fullName(name)));
const chain = createChain({
  authenticators: [],
  withoutCredential: createDevUserAuthenticator({ isSandboxOnly: (method) => sandboxOnly.has(method) }),
});

test.each(rows.filter(([, , mode]) => mode === "sandbox"))(
  "A-03: where users need no credential, %s without one is refused all the same",
  async (_key, name) => {
    expect(await chain({ method: fullName(name), bearer: undefined, arrival })).toEqual(
      refusedFor("credential-missing"),
    );
  },
);

test.each(rows.filter(([, , mode]) => mode === "dual"))(
  "%s is a method that the development user may call",
  async (_key, name) => {
    expect(await chain({ method: fullName(name), bearer: undefined, arrival })).toMatchObject({ ok: true });
  },
);

test("A-03: whoever presents a bad credential is not the development user", async () => {
  const method = fullName(OpenShell.method.getSandbox.name);
  expect(await chain({ method, bearer: "x", arrival })).toEqual(refusedFor("credential-unrecognised"));
});
