import { once } from "node:events";
import { createServer } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { openSocket } from "../../protocols/support/fixture.ts";
import { cutAt } from "./send.ts";

/** The smallest hello that a gateway takes. */
const smallHello: ConnectionOptions = {
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
  ecdhCurve: "X25519",
  sigalgs: "ecdsa_secp256r1_sha256",
  ciphers: "TLS_AES_128_GCM_SHA256",
  ALPNProtocols: ["http/1.1"],
};

/** The first bytes that a TLS client sends. */
export async function hello(): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const accepted = once(server, "connection");
  const client = connectTls({ ...smallHello, port: address.port, host: "127.0.0.1" });
  client.on("error", () => undefined);
  const [socket] = await accepted;
  const [bytes] = await once(socket, "data");
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** A connection whose first write is cut at these places; all that follows goes as it is. */
async function cuttingConnection(port: number, places: readonly number[]): Promise<Duplex> {
  const socket = await openSocket(port);
  let isFirst = true;
  async function forward(chunk: Buffer): Promise<void> {
    const pieces = isFirst ? cutAt(chunk, places) : [chunk];
    isFirst = false;
    for (const piece of pieces) {
      socket.write(piece);
      await turn();
    }
  }
  const duplex = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => void forward(chunk).then(() => done(), done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => duplex.push(chunk)).on("error", () => undefined);
  socket.on("close", () => duplex.push(null));
  return duplex;
}

/** What a TLS client hears that asks with `request` once its hello, cut at these places, was taken. */
export async function askOverTls(port: number, places: readonly number[], request: string): Promise<string> {
  const connection = await cuttingConnection(port, places);
  const socket = connectTls({ ...smallHello, socket: connection });
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk.toString("latin1");
  });
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()).on("end", () => resolve()));
  socket.on("error", (error) => {
    heard += `${error}`;
  });
  socket.write(request);
  await closed;
  socket.destroy();
  return heard;
}
