import { once } from "node:events";
import { createSecureServer, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { answering, readCertificate } from "./answering.ts";

/** An HTTP/2 server of `node:http2` alone, with TLS where that was asked for. */
export function createBareServer(): Http2Server {
  const certificate = readCertificate();
  return certificate ? createSecureServer(certificate) : createServer();
}

/** Lets it listen, and answers the parent's questions. */
export async function listen(server: Http2Server): Promise<void> {
  const scheme = readCertificate() ? "https" : "http";
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  answering({ url: () => `${scheme}://127.0.0.1:${port}` }, () => server.close());
}
