/** A peer: node:http2 alone, that answers every call with the bytes it was told, and checks nothing. */
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { answering } from "./answering.ts";

let body: Buffer = Buffer.alloc(5);
const server = createServer();
server.on("stream", (stream) => {
  stream.resume();
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(body);
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

answering(
  (message: { ask: string; frame?: string }) => {
    if (message.frame !== undefined) body = Buffer.from(message.frame, "base64");
    return { url: `http://127.0.0.1:${port}` };
  },
  () => server.close(),
);
