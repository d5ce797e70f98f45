import { inferenceAuthorization } from "../../gen/openshell/inference/v1/inference_authz.ts";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { defineService, type ServiceDefinition, unimplemented } from "../access/index.ts";

/** `openshell.inference.v1.Inference`, of which nothing is built yet. */
export function inferenceService(): ServiceDefinition {
  return defineService(Inference, inferenceAuthorization, {
    getInferenceBundle: unimplemented,
    setInferenceRoute: unimplemented,
    getInferenceRoute: unimplemented,
    deleteInferenceRoute: unimplemented,
  });
}
