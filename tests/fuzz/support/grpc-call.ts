import { create, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { sandboxId } from "../../protocols/support/fixture.ts";
import type { HeaderList } from "./hpack.ts";

/** What the fixture's own sandbox asks for. */
export const ownConfig: Uint8Array = toBinary(
  GetSandboxConfigRequestSchema,
  create(GetSandboxConfigRequestSchema, { sandboxId }),
);

/** The headers of a gRPC call that the fixture serves. */
export const goodHeaders: HeaderList = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/openshell.v1.OpenShell/GetSandboxConfig"],
  [":authority", "127.0.0.1"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["authorization", "Bearer sandbox"],
];
