/** A peer: @grpc/grpc-js, that answers every call with the bytes it was told, without messages and without authentication. */
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { answering } from "./answering.ts";

let body: Buffer = Buffer.alloc(0);
const asIs = (bytes: Buffer) => bytes;
const names = ["Health", "GetSandboxConfig", "RefreshSandboxToken"];
const definition: ServiceDefinition = Object.fromEntries(
  names.map((name) => [
    name,
    {
      path: `/openshell.v1.OpenShell/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  ]),
);
const implementation: UntypedServiceImplementation = Object.fromEntries(
  names.map((name) => [name, (_call: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, body)]),
);
const server = new Server();
server.addService(definition, implementation);
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  ),
);

answering(
  (message: { ask: string; frame?: string }) => {
    if (message.frame !== undefined) body = Buffer.from(message.frame, "base64").subarray(5);
    return { url: `http://127.0.0.1:${port}` };
  },
  () => server.forceShutdown(),
);
