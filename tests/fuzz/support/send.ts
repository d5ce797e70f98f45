import { openSocket } from "../../protocols/support/fixture.ts";

/** Reads what is answered. */
export interface Reader<T> {
  /** Takes what came; true where the answer is whole. */
  take(chunk: Buffer): boolean;
  /** What it is, whole or not. */
  answer(): T;
}

/** Gives the server its turn to read what was sent. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** Sends these pieces over a connection of its own, each by itself; resolves when the answer is whole or nothing more comes. */
export async function send<T>(
  port: number,
  pieces: readonly Uint8Array[],
  reader: Reader<T>,
  { thenEnd = false } = {},
): Promise<T> {
  const socket = await openSocket(port);
  const over = Promise.withResolvers<void>();
  let isOver = false;
  const end = () => {
    isOver = true;
    over.resolve();
  };
  socket.on("data", (chunk) => {
    if (!isOver && reader.take(chunk)) end();
  });
  socket.on("error", end).on("close", end).on("end", end);
  for (const piece of pieces) {
    if (isOver) break;
    socket.write(piece);
    await turn();
  }
  if (thenEnd && !isOver) socket.end();
  await over.promise;
  socket.destroy();
  return reader.answer();
}

/** The pieces between these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const all = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...all].map((from, at) => bytes.subarray(from, all[at])).filter(({ length }) => length > 0);
}
