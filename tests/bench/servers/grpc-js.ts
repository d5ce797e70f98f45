/** A peer: @grpc/grpc-js, which answers every call with the bytes that it was told, and neither authenticates nor decodes. */
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { pathOf } from "../grpc.ts";
import { answering, bodies, readCertificate } from "./answering.ts";

const empty = Buffer.alloc(0);
const asIs = (bytes: Buffer) => bytes;
const defined = (method: string, isStream: boolean) => ({
  ...{ path: pathOf(method), requestStream: isStream, responseStream: isStream },
  ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
});
const unaryNames = ["Health", "GetSandboxConfig", "RefreshSandboxToken"];
const definition: ServiceDefinition = Object.fromEntries([
  ...unaryNames.map((name) => [name, defined(name, false)]),
  ["ConnectSupervisor", defined("ConnectSupervisor", true)],
]);
const unary =
  (name: string): handleUnaryCall<Buffer, Buffer> =>
  (_call, answer) =>
    answer(null, bodies.get(name)?.subarray(5) ?? empty);
const session: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on("error", () => undefined);
  call.once("data", () => call.write(empty));
};
const certificate = readCertificate();
const credentials = certificate
  ? ServerCredentials.createSsl(null, [{ private_key: certificate.key, cert_chain: certificate.cert }])
  : ServerCredentials.createInsecure();
const server = new Server();
server.addService(definition, {
  ...Object.fromEntries(unaryNames.map((name) => [name, unary(name)])),
  ConnectSupervisor: session,
});
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
);

answering({ url: () => `${certificate ? "https" : "http"}://127.0.0.1:${port}` }, () => server.forceShutdown());
