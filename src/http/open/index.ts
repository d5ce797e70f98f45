/**
 * The services that are open to everybody: no authorization table names them and no gate stands before them. Nothing
 * else may be mounted here.
 */
import type { ConnectRouter } from "@connectrpc/connect";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { BoundService } from "../../access/index.ts";
import { type HealthOptions, healthService } from "./health-service.ts";
import { reflectionService } from "./reflection-service.ts";

export { methodsOf } from "./methods-of.ts";

export interface OpenServicesOptions extends Omit<HealthOptions, "services"> {
  readonly services: readonly BoundService[];
  readonly reflection: boolean;
}

/** Adds health, and where it is wanted reflection in both versions, to a router. */
export function openServices(options: OpenServicesOptions): (router: ConnectRouter) => void {
  const served = options.services.map(({ service }) => service);
  const names = [...served, Health].map(({ typeName }) => typeName);
  return (router) => {
    router.service(Health, healthService({ ...options, services: names }));
    if (!options.reflection) return;
    const described = [...served, Health, ServerReflection, ServerReflectionAlpha];
    const { serverReflectionInfo } = reflectionService(described, options.streams);
    const { input, output } = ServerReflection.method.serverReflectionInfo;
    router.rpc(ServerReflection.method.serverReflectionInfo, serverReflectionInfo);
    // The older version has the same messages, to the byte; only its package is called otherwise.
    router.rpc({ ...ServerReflectionAlpha.method.serverReflectionInfo, input, output }, serverReflectionInfo);
  };
}
