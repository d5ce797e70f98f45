import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  Client as GrpcClient,
  Metadata,
  type requestCallback,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { type Exchange, exchangeSchema, interop } from "./contract.ts";

export type Wanted = MessageInitShape<typeof exchangeSchema>;

const encode = (message: Wanted) => Buffer.from(toBinary(exchangeSchema, create(exchangeSchema, message)));
const decode = (bytes: Buffer) => fromBinary(exchangeSchema, bytes);

/** What a call came to. */
export interface Ended {
  readonly answers: readonly Exchange[];
  readonly status: StatusObject;
  /** What came before the answers; undefined where there was nothing but a status. */
  readonly metadata: Metadata | undefined;
}

/** gRPC's own client for Node, for the service of the interoperability cases. */
export class InteropClient implements Disposable {
  readonly #client: GrpcClient;

  constructor(url: string, credentials: ChannelCredentials) {
    this.#client = new GrpcClient(new URL(url).host, credentials);
  }

  /** @param path of another method than the usual one */
  unary(request: Wanted, metadata = new Metadata(), path = pathOf("Unary")): Promise<Ended> {
    return settled((done) => this.#client.makeUnaryRequest(path, encode, decode, request, metadata, done));
  }

  upload(requests: readonly Wanted[]): Promise<Ended> {
    return settled((done) => {
      const call = this.beginUpload(done);
      for (const request of requests) call.write(request);
      call.end();
      return call;
    });
  }

  beginUpload(done: requestCallback<Exchange>): ClientWritableStream<Wanted> {
    return this.#client.makeClientStreamRequest(pathOf("Upload"), encode, decode, done);
  }

  download(request: Wanted): ClientReadableStream<Exchange> {
    return this.#client.makeServerStreamRequest(pathOf("Download"), encode, decode, request);
  }

  /** @param deadlineMs from now on */
  pingPong(metadata = new Metadata(), deadlineMs?: number): ClientDuplexStream<Wanted, Exchange> {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return this.#client.makeBidiStreamRequest(pathOf("PingPong"), encode, decode, metadata, options);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

const pathOf = (name: string) => `/${interop.typeName}/${name}`;

interface Ending {
  on(event: "metadata", listener: (metadata: Metadata) => void): unknown;
  on(event: "status", listener: (status: StatusObject) => void): unknown;
}

function settled(begin: (done: requestCallback<Exchange>) => Ending): Promise<Ended> {
  return new Promise((resolve) => {
    let metadata: Metadata | undefined;
    let answers: readonly Exchange[] = [];
    const call = begin((_error: ServiceError | null, answer?: Exchange) => {
      if (answer) answers = [answer];
    });
    call.on("metadata", (found) => {
      metadata = found;
    });
    call.on("status", (status) => setImmediate(() => resolve({ answers, status, metadata })));
  });
}

/** What a stream of answers comes to. `each` hears of the answers as they come. */
export function ended(
  call: ClientReadableStream<Exchange>,
  each: (answer: Exchange) => void = () => undefined,
): Promise<Ended> {
  return new Promise((resolve) => {
    const answers: Exchange[] = [];
    let metadata: Metadata | undefined;
    call.on("metadata", (found: Metadata) => {
      metadata = found;
    });
    call.on("data", (answer: Exchange) => {
      answers.push(answer);
      each(answer);
    });
    // The status says all; an emitter needs somebody who listens to its errors.
    call.on("error", () => undefined);
    call.on("status", (status: StatusObject) => resolve({ answers, status, metadata }));
  });
}
