import type { DescMethod } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";

/** Every method that both front doors serve, by `Service/Method`; health and inference are open to all. */
export const servedMethods: ReadonlyMap<string, DescMethod> = new Map(
  [OpenShell, Inference, Health].flatMap(({ methods }) =>
    methods.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const),
  ),
);
