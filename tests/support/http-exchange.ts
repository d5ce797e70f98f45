import { type IncomingHttpHeaders, request as request1 } from "node:http";
import { connect as connect2, constants } from "node:http2";
import { request as requestTls } from "node:https";
import type { ConnectionOptions } from "node:tls";

/** Header lines as they go over the wire, in order; a name may stand twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  readonly path: string;
  readonly headers: HeaderLines;
  readonly body: Uint8Array;
  /** POST where nothing is said. */
  readonly verb?: string;
  /** Leaves the request open behind the body: what is answered then was answered without its end. */
  readonly endless?: boolean;
  readonly tls?: ConnectionOptions;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const patienceMs = 15_000;

/** One request over HTTP/1.1, on a connection of its own. Rejects where no whole answer comes. */
export function exchange1(url: string, { path, headers, body, verb = "POST", endless = false, tls }: HttpRequest) {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const { protocol, hostname, port, host } = new URL(url);
    const lines = headers.some(([name]) => name.toLowerCase() === "host") ? headers : [["host", host], ...headers];
    const framing = endless ? ["transfer-encoding", "chunked"] : ["content-length", String(body.length)];
    const options = {
      ...{ hostname, port, path, method: verb, agent: false as const, setHost: false, timeout: patienceMs, ...tls },
      headers: [...lines.flat(), ...framing],
    };
    const request = (protocol === "https:" ? requestTls : request1)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers: answered, trailers } = response;
        resolve({ status: statusCode, headers: answered, trailers, body: Buffer.concat(chunks) });
        request.destroy();
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${patienceMs} ms`)));
    request.on("error", reject);
    request.write(body);
    if (!endless) request.end();
  });
}

/** One request over HTTP/2, on a connection of its own. Rejects where the stream is reset with an error. */
export function exchange2(url: string, { path, headers, body, verb = "POST", endless = false, tls }: HttpRequest) {
  return new Promise<HttpAnswer>((resolve, reject) => {
    // Whether a field may stand twice is for the gateway to say. The types know this option of servers alone.
    const options = { ...tls, strictSingleValueFields: false };
    const session = connect2(url, options as ConnectionOptions);
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    session.on("error", fail);
    const { protocol, host } = new URL(url);
    const authority = headers.some(([name]) => name === ":authority") ? [] : [":authority", host];
    const pseudo = [":method", verb, ":path", path, ":scheme", protocol.slice(0, -1), ...authority];
    const stream = session.request([...pseudo, ...headers.flat()] as never, { endStream: false });
    const chunks: Buffer[] = [];
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.setTimeout(patienceMs, () => fail(new Error(`no answer within ${patienceMs} ms`)));
    stream.on("response", (given) => {
      answered = given;
    });
    stream.on("trailers", (given) => {
      trailers = given;
    });
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("error", fail);
    stream.on("end", () => {
      // The answer is whole; whether the rest of the request is still wanted is of no interest.
      setImmediate(() => stream.closed || stream.close(constants.NGHTTP2_NO_ERROR));
    });
    stream.on("close", () => {
      session.close();
      const status = Number(answered[":status"]);
      if (status) resolve({ status, headers: answered, trailers, body: Buffer.concat(chunks) });
      else fail(new Error(`the stream was reset with ${stream.rstCode}`));
    });
    stream.write(body);
    if (!endless) stream.end();
  });
}
