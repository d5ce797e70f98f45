import { create } from "@bufbuild/protobuf";
import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import { HealthResponseSchema, type OpenShell, ServiceStatus } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import type { ComputeDriver } from "../../compute/index.ts";
import { encodedOnce } from "../../core/encoded-once.ts";

type Method = "health" | "getGatewayInfo" | "getCurrentUser";

export type GatewayInfoHandlers = {
  readonly [K in Method]: HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;
};

export function createGatewayInfoHandlers(options: {
  /** The gateway's own. */
  readonly version: string;
  readonly driver: Pick<ComputeDriver, "name" | "version">;
}): GatewayInfoHandlers {
  const { version, driver } = options;
  const healthy = encodedOnce(create(HealthResponseSchema, { status: ServiceStatus.HEALTHY, version }));
  return {
    health: () => healthy,
    getGatewayInfo: () => ({
      status: ServiceStatus.HEALTHY,
      gatewayVersion: version,
      computeDrivers: [{ name: driver.name, capabilities: { driverName: driver.name, driverVersion: driver.version } }],
    }),
    getCurrentUser: (_request, { principal }) => ({
      subject: principal.subject,
      displayName: principal.displayName,
      roles: [...principal.roles].sort(),
      scopes: [...principal.scopes].sort(),
      identityProvider: principal.provider,
    }),
  };
}
