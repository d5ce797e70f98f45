import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { type ChannelCredentials, credentials, Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";

type Make = (baseUrl: string) => Transport;

const tls = { rejectUnauthorized: false };

/** Every protocol, encoding and version of HTTP that one port serves, by connect-node. */
export const transports: readonly (readonly [name: string, make: Make])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions: tls })],
  ["gRPC-Web over HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions: tls })],
  ["gRPC-Web over HTTP/2", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2", nodeOptions: tls })],
  ["Connect JSON over HTTP/1.1", (baseUrl) => connect(baseUrl, "1.1", false)],
  ["Connect JSON over HTTP/2", (baseUrl) => connect(baseUrl, "2", false)],
  ["Connect binary over HTTP/1.1", (baseUrl) => connect(baseUrl, "1.1", true)],
  ["Connect binary over HTTP/2", (baseUrl) => connect(baseUrl, "2", true)],
];

/** One of each protocol, for what is the same on both versions of HTTP. */
export const protocols = transports.filter(([name]) =>
  /^gRPC$|gRPC-Web over HTTP\/1|Connect (JSON|binary) over HTTP\/1/.test(name),
);

function connect(baseUrl: string, httpVersion: "1.1" | "2", useBinaryFormat: boolean): Transport {
  return createConnectTransport({ baseUrl, httpVersion, useBinaryFormat, nodeOptions: tls });
}

export const clientOf = (transport: Transport): Client<typeof OpenShell> => createClient(OpenShell, transport);
export const grpc = (baseUrl: string) => clientOf(createGrpcTransport({ baseUrl }));
export const as = (bearer: string) => ({ headers: { authorization: `Bearer ${bearer}` } });

/** One unary call with gRPC's own client. Rejects with its ServiceError. */
export async function grpcJs<I extends DescMessage, O extends DescMessage>(
  url: string,
  method: { readonly name: string; readonly input: I; readonly output: O },
  request: MessageInitShape<I>,
  { bearer, channel = credentials.createInsecure() }: { bearer?: string; channel?: ChannelCredentials } = {},
): Promise<MessageShape<O>> {
  const client = new GrpcClient(url.replace(/^https?:\/\//, ""), channel);
  const metadata = new Metadata();
  if (bearer !== undefined) metadata.set("authorization", `Bearer ${bearer}`);
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/openshell.v1.OpenShell/${method.name}`,
        (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        create(method.input, request),
        metadata,
        (error: ServiceError | null, answer?: MessageShape<O>) => (answer ? resolve(answer) : reject(error)),
      );
    });
  } finally {
    client.close();
  }
}
