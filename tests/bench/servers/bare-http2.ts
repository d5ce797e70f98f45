/** A peer: node:http2 alone, which answers every call with the bytes that it was told, and checks nothing. */
import { bodies } from "./answering.ts";
import { createBareServer, listen } from "./listening.ts";

const empty = Buffer.alloc(5);
const headers = { ":status": 200, "content-type": "application/grpc" };
const server = createBareServer();
server.on("stream", (stream, { ":path": path = "" }) => {
  const method = path.slice(path.lastIndexOf("/") + 1);
  stream.on("error", () => undefined);
  if (method === "ConnectSupervisor") {
    stream.respond(headers);
    stream.once("data", () => stream.write(empty));
    stream.resume();
    return;
  }
  stream.resume();
  stream.on("end", () => {
    stream.respond(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(bodies.get(method) ?? empty);
  });
});

await listen(server);
