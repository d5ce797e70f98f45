import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  GetCurrentUserRequestSchema,
  GetGatewayInfoRequestSchema,
  HealthRequestSchema,
  ServiceStatus,
} from "../../../../gen/openshell/v1/openshell_pb.ts";
import { anonymous } from "../../../../src/core/principal.ts";
import { createGatewayInfoHandlers } from "../../../../src/services/gateway-info/index.ts";
import { userPrincipal } from "../../../support/principals.ts";

const handlers = createGatewayInfoHandlers({ version: "9.9.9", driver: { name: "process", version: "1.0.0" } });
const call = { signal: new AbortController().signal, metadata: { get: () => undefined } };

test("health says that the gateway serves, and in which version", () => {
  expect(handlers.health(create(HealthRequestSchema), { ...call, principal: anonymous })).toMatchObject({
    status: ServiceStatus.HEALTHY,
    version: "9.9.9",
  });
});

test("the gateway's information names its compute driver", () => {
  expect(handlers.getGatewayInfo(create(GetGatewayInfoRequestSchema), { ...call, principal: userPrincipal() })).toEqual(
    {
      status: ServiceStatus.HEALTHY,
      gatewayVersion: "9.9.9",
      computeDrivers: [{ name: "process", capabilities: { driverName: "process", driverVersion: "1.0.0" } }],
    },
  );
});

test("a user is told who it is, with roles and scopes in order", () => {
  const principal = userPrincipal({ roles: ["b", "a"], scopes: ["d", "c"] });
  expect(handlers.getCurrentUser(create(GetCurrentUserRequestSchema), { ...call, principal })).toEqual({
    subject: "ada",
    displayName: "Ada",
    roles: ["a", "b"],
    scopes: ["c", "d"],
    identityProvider: "oidc",
  });
});
