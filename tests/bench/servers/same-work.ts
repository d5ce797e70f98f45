/**
 * A peer: node:http2 alone, which does what the gateway does for Health and GetSandboxConfig, written straight down. It
 * reads the message, decodes it, knows the caller by the digest of its token, holds it to its sandbox, and answers with
 * bytes that were encoded before. No limits, deadlines, compression, revocations, audit, metrics, log or drain.
 */
import { hash } from "node:crypto";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { HealthRequestSchema } from "../../../gen/openshell/v1/openshell_pb.ts";
import { pathOf } from "../grpc.ts";
import { admitted, bodies, configs } from "./answering.ts";
import { createBareServer, listen } from "./listening.ts";

/** A gRPC status that is not OK (google.rpc.Code). */
interface Failure {
  readonly code: 3 | 5 | 7 | 12 | 16;
  readonly message: string;
}

const headers = { ":status": 200, "content-type": "application/grpc" };
const prefixBytes = 5;

/** The one message of a request; undefined where it is compressed, or the body holds less or more. */
function messageOf(body: Buffer): Buffer | undefined {
  const isWhole = body.length >= prefixBytes && body.readUInt32BE(1) === body.length - prefixBytes;
  return isWhole && body[0] === 0 ? body.subarray(prefixBytes) : undefined;
}

function health(message: Buffer): Buffer | Failure {
  fromBinary(HealthRequestSchema, message);
  return bodies.get("Health") ?? { code: 5, message: "not told" };
}

function getSandboxConfig(message: Buffer, { authorization = "" }: IncomingHttpHeaders): Buffer | Failure {
  if (!authorization.startsWith("Bearer ")) return { code: 16, message: "missing authorization header" };
  const caller = admitted.get(hash("sha256", authorization.slice("Bearer ".length), "base64"));
  if (!caller || caller.expiresAt <= Date.now()) return { code: 16, message: "invalid token" };
  const { sandboxId } = fromBinary(GetSandboxConfigRequestSchema, message);
  if (sandboxId !== caller.sandboxId) return { code: 7, message: "another sandbox" };
  return configs.get(sandboxId) ?? { code: 5, message: "sandbox not found" };
}

const methods = new Map([
  [pathOf("Health"), health],
  [pathOf("GetSandboxConfig"), getSandboxConfig],
]);

function answer(stream: ServerHttp2Stream, answered: Buffer | Failure): void {
  if (!Buffer.isBuffer(answered)) {
    const { code, message } = answered;
    stream.respond({ ...headers, "grpc-status": String(code), "grpc-message": message }, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answered);
}

const server = createBareServer();
server.on("stream", (stream, request) => {
  const chunks: Buffer[] = [];
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    const method = methods.get(request[":path"] ?? "");
    const message = messageOf(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    if (!method) answer(stream, { code: 12, message: "not served here" });
    else answer(stream, message ? method(message, request) : { code: 3, message: "expected one message" });
  });
});

await listen(server);
