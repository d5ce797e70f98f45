import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJsonString,
  type Message,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { exchange1, exchange2, type HeaderLines, type HttpAnswer, type HttpRequest } from "./http-exchange.ts";

/** What a call came to, in the same words for every protocol. */
export interface WireAnswer {
  /** `ok`, or the status code's name in lower case with underscores; `http 404` and so on where there was no status. */
  readonly code: string;
  readonly message: string;
  /** The messages that were answered. */
  readonly answers: readonly Message[];
  /** Everything that the answer carried but for its messages and the date: what tells two refusals apart. */
  readonly envelope: unknown;
}

export interface CallOptions extends Partial<Pick<HttpRequest, "endless" | "tls">> {
  readonly headers?: HeaderLines;
  /** Goes out in place of the requests' own bytes. */
  readonly body?: Uint8Array;
  /** Behind the path, with its question mark. */
  readonly query?: string;
}

export interface Protocol {
  readonly name: "gRPC" | "gRPC-Web" | "Connect";
  /** Makes one call with bytes of our own, so that no client library puts anything right. */
  call<I extends DescMessage>(
    url: string,
    method: DescMethod & { readonly input: I },
    requests: readonly MessageInitShape<I>[],
    options?: CallOptions,
  ): Promise<WireAnswer>;
}

export const pathTo = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;
export const bearer = (token: string): HeaderLines => [["authorization", `Bearer ${token}`]];

/** A length-prefixed frame, as all three protocols have it. */
export function framed(bytes: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function* framesOf(body: Buffer): Generator<{ readonly flags: number; readonly bytes: Buffer }> {
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    yield { flags: body.readUInt8(at), bytes: body.subarray(at + 5, end) };
    at = end;
  }
}

const codeName = (code: number): string =>
  code === 0 ? "ok" : (Code[code] ?? `code ${code}`).replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase();

const binaryFrames = (input: DescMessage, requests: readonly unknown[]) =>
  Buffer.concat(requests.map((request) => framed(toBinary(input, create(input, request as never)))));

const withoutDate = ({ date: _, ...headers }: HttpAnswer["headers"]) => headers;

/** HTTP/1.1 answers only when it has heard all; a stream in both directions needs HTTP/2. */
const exchangeFor = ({ methodKind }: DescMethod) =>
  methodKind === "unary" || methodKind === "server_streaming" ? exchange1 : exchange2;

function grpcAnswer(method: DescMethod, http: HttpAnswer, trailers: Record<string, unknown>, frames: Buffer[]) {
  const status = trailers["grpc-status"] ?? http.headers["grpc-status"];
  const text = trailers["grpc-message"] ?? http.headers["grpc-message"] ?? "";
  return {
    code: status === undefined ? `http ${http.status}` : codeName(Number(status)),
    message: decodeURIComponent(String(text)),
    answers: frames.map((bytes) => fromBinary(method.output, bytes)),
    envelope: { status: http.status, headers: withoutDate(http.headers), trailers: { ...trailers } },
  };
}

export const grpc: Protocol = {
  name: "gRPC",
  async call(
    url,
    method,
    requests,
    { headers = [], body = binaryFrames(method.input, requests), query = "", ...rest } = {},
  ) {
    const own: HeaderLines = [
      ["content-type", "application/grpc"],
      ["te", "trailers"],
    ];
    const http = await exchange2(url, {
      path: `${pathTo(method)}${query}`,
      headers: [...own, ...headers],
      body,
      ...rest,
    });
    const frames = [...framesOf(http.body)].map(({ bytes }) => bytes);
    return grpcAnswer(method, http, http.trailers, frames);
  },
};

const grpcWeb: Protocol = {
  name: "gRPC-Web",
  async call(
    url,
    method,
    requests,
    { headers = [], body = binaryFrames(method.input, requests), query = "", ...rest } = {},
  ) {
    const own: HeaderLines = [["content-type", "application/grpc-web+proto"]];
    const exchange = exchangeFor(method);
    const http = await exchange(url, {
      path: `${pathTo(method)}${query}`,
      headers: [...own, ...headers],
      body,
      ...rest,
    });
    const frames = [...framesOf(http.body)];
    const trailer = frames.find(({ flags }) => flags & 0x80)?.bytes.toString() ?? "";
    const lines = trailer
      .split("\r\n")
      .filter(Boolean)
      .map((line) => line.split(/:\s*/, 2) as [string, string]);
    const messages = frames.filter(({ flags }) => !(flags & 0x80)).map(({ bytes }) => bytes);
    return grpcAnswer(method, http, Object.fromEntries(lines), messages);
  },
};

interface ConnectFailure {
  readonly code?: string;
  readonly message?: string;
}

const connect: Protocol = {
  name: "Connect",
  async call(url, method, requests, { headers = [], body, query = "", ...rest } = {}) {
    const texts = requests.map((request) =>
      Buffer.from(toJsonString(method.input, create(method.input, request as never))),
    );
    const unary = method.methodKind === "unary";
    const own: HeaderLines = [["content-type", unary ? "application/json" : "application/connect+json"]];
    const bytes = body ?? Buffer.concat(unary ? texts : texts.map((text) => framed(text)));
    const exchange = exchangeFor(method);
    const http = await exchange(url, {
      path: `${pathTo(method)}${query}`,
      headers: [...own, ...headers],
      body: bytes,
      ...rest,
    });
    return unary ? unaryAnswer(method, http) : streamAnswer(method, http);
  },
};

function unaryAnswer(method: DescMethod, http: HttpAnswer): WireAnswer {
  const text = http.body.toString();
  const envelope = { status: http.status, headers: withoutDate(http.headers) };
  if (http.status === 200) return { code: "ok", message: "", answers: [fromJsonString(method.output, text)], envelope };
  const failure = jsonOf(text);
  const code = failure?.code ?? `http ${http.status}`;
  return { code, message: failure?.message ?? "", answers: [], envelope: { ...envelope, failure } };
}

function streamAnswer(method: DescMethod, http: HttpAnswer): WireAnswer {
  const envelope = { status: http.status, headers: withoutDate(http.headers) };
  if (http.status !== 200) return unaryAnswer(method, http);
  const frames = [...framesOf(http.body)];
  const end = jsonOf(frames.find(({ flags }) => flags & 2)?.bytes.toString() ?? "") as { error?: ConnectFailure };
  const answers = frames
    .filter(({ flags }) => !(flags & 2))
    .map(({ bytes }) => fromJsonString(method.output, bytes.toString()));
  const { code = end ? "ok" : "cut off", message = "" } = end?.error ?? {};
  return { code, message, answers, envelope: { ...envelope, end } };
}

function jsonOf(text: string): ConnectFailure | undefined {
  try {
    return JSON.parse(text) as ConnectFailure;
  } catch {
    return undefined;
  }
}

/** The three protocols that one port serves. */
export const protocols: readonly Protocol[] = [grpc, grpcWeb, connect];
