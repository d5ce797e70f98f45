import { existsSync } from "node:fs";
import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CreateSandboxRequest,
  CreateSandboxRequestSchema,
  type SandboxSpecSchema,
} from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { usageFailure } from "../../failure.ts";

/** What `openshell sandbox create` was given. */
export interface CreateOptions {
  readonly name?: string;
  readonly from?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly gpu?: number;
  readonly driverConfigJson?: JsonObject;
  readonly tty?: boolean;
  readonly label?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

function imageFrom(from: string): string {
  if (!/^[./~]/.test(from) && !existsSync(from)) return from;
  throw usageFailure(
    `--from ${from}: a file or directory cannot be built into an image here`,
    "name an image, such as registry/name:tag",
  );
}

/** CPU and memory as Kubernetes writes resource limits; the drivers read them so. */
function limits({ cpu, memory }: CreateOptions): JsonObject | undefined {
  if (cpu === undefined && memory === undefined) return undefined;
  return { limits: { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) } };
}

/** The request for a sandbox as the command line describes it. What is not said is left to the gateway. */
export function createRequest(options: CreateOptions, command: string[], workspace: string): CreateSandboxRequest {
  const resources = limits(options);
  const { from, driverConfigJson, gpu } = options;
  const spec: MessageInitShape<typeof SandboxSpecSchema> = {
    environment: { ...options.env },
    command,
    tty: options.tty ?? false,
    template: {
      image: from === undefined ? "" : imageFrom(from),
      ...(resources ? { resources } : {}),
      ...(driverConfigJson ? { driverConfig: driverConfigJson } : {}),
    },
    ...(gpu === undefined ? {} : { resourceRequirements: { gpu: { count: gpu } } }),
  };
  return create(CreateSandboxRequestSchema, {
    name: options.name ?? "",
    labels: { ...options.label },
    workspace,
    spec,
  });
}
