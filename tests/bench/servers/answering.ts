import type { Questions } from "../server-process.ts";

type Answers = { readonly [Q in keyof Questions]?: () => Questions[Q] | Promise<Questions[Q]> };

interface Message {
  readonly ask: keyof Questions | "answer";
  readonly method?: string;
  readonly bytes?: string;
}

/** The bytes that the peers answer with, by method; an empty message until they are told. */
export const bodies = new Map<string, Buffer>();

/** Answers the parent's questions one by one, says first that it is there, and ends when the parent goes. */
export function answering(answers: Answers, end: () => unknown): void {
  process.on("message", async ({ ask, method = "", bytes = "" }: Message) => {
    if (ask === "answer") bodies.set(method, Buffer.from(bytes, "base64"));
    const answer = ask === "memory" ? await memory() : ask === "answer" ? "told" : await answers[ask]?.();
    process.send?.(answer ?? null);
  });
  process.on("disconnect", async () => {
    await end();
    process.exit();
  });
  process.send?.("here");
}

/** What a first collection frees may hold what a second one frees. */
async function memory(): Promise<Questions["memory"]> {
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { heapBytes: process.memoryUsage().heapUsed };
}
