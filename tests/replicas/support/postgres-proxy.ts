import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Secret } from "../../../src/core/secret.ts";

/** What goes through: all of it, all but notifications, or nothing for now, without anybody being told. */
type Mode = "open" | "without notifications" | "stalled";

/** The network between one gateway and the database. */
export interface PostgresProxy extends AsyncDisposable {
  /** Where the gateway is to connect. */
  readonly url: Secret;
  become(mode: Mode): void;
}

/** `NotificationResponse` (PostgreSQL, Frontend/Backend Protocol, Message Formats). */
const notification = "A".charCodeAt(0);

/** Stands between a gateway and the database at `url`, which asks for no TLS. */
export async function startPostgresProxy(url: Secret): Promise<PostgresProxy> {
  const target = new URL(url.reveal());
  const sockets = new Set<Socket>();
  let mode: Mode = "open";
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const messages = new Messages();
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => {
      for (const message of messages.take(bytes)) {
        if (message[0] !== notification || mode === "open") client.write(message);
      }
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      if (mode === "stalled") socket.pause();
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const through = new URL(target);
  through.port = typeof address === "object" && address ? String(address.port) : "";
  return {
    url: new Secret(through.href),
    become(next) {
      mode = next;
      for (const socket of sockets) next === "stalled" ? socket.pause() : socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Cuts what a server sends into its messages: a byte that says which, and a length that counts itself and what follows. */
class Messages {
  #rest: Buffer = Buffer.alloc(0);

  take(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 5) {
      const length = 1 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < length) break;
      messages.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
    return messages;
  }
}
