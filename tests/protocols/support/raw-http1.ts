import { type Fixture, received } from "./fixture.ts";

/** What a front door answers to these very bytes, until it closes; `\n` stands for the line end of HTTP. */
export async function raw(fixture: Fixture, text: string): Promise<string> {
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write(text.replaceAll(/\r?\n/g, "\r\n"), "latin1");
  return answer;
}

/** The same, with nothing changed. */
export async function rawBytes(fixture: Fixture, bytes: string | Buffer): Promise<string> {
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  return answer;
}

export const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** A Connect call by hand, on a connection that closes after it. */
export function post(path: string, body: string, ...headers: string[]): string {
  const lines = [`POST ${path} HTTP/1.1`, "host: 127.0.0.1", "content-type: application/json", "connection: close"];
  return [...lines, ...headers, `content-length: ${Buffer.byteLength(body)}`, "", body].join("\n");
}
