import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Admitted, Message, Questions } from "../server-process.ts";

type Answers = { readonly [Q in keyof Questions]?: () => Questions[Q] | Promise<Questions[Q]> };

/** The bytes that the peers answer with, by method; an empty message until they are told. */
export const bodies = new Map<string, Buffer>();

/** The callers that a peer knows which authenticates, by the digest of their token. */
export const admitted = new Map<string, Omit<Admitted, "config" | "digest">>();
/** The answers to `GetSandboxConfig`, by sandbox. */
export const configs = new Map<string, Buffer>();

/** What a peer serves TLS with; undefined where it serves cleartext. */
export function readCertificate(): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  const { values } = parseArgs({ options: { cert: { type: "string" }, key: { type: "string" } }, strict: true });
  if (values.cert === undefined || values.key === undefined) return undefined;
  return { cert: readFileSync(values.cert), key: readFileSync(values.key) };
}

/** Answers the parent's questions one by one, says first that it is there, and ends when the parent goes. */
export function answering(answers: Answers, end: () => unknown): void {
  async function reply(message: Message): Promise<unknown> {
    if ("answer" in message) bodies.set(message.answer.method, Buffer.from(message.answer.bytes, "base64"));
    else if ("admit" in message) for (const caller of message.admit) admit(caller);
    else return message.ask === "memory" ? memory() : answers[message.ask]?.();
    return "told";
  }
  process.on("message", async (message: Message) => process.send?.((await reply(message)) ?? null));
  process.on("disconnect", async () => {
    await end();
    process.exit();
  });
  process.send?.("here");
}

function admit({ digest, sandboxId, expiresAt, config }: Admitted): void {
  admitted.set(digest, { sandboxId, expiresAt });
  configs.set(sandboxId, Buffer.from(config, "base64"));
}

/** What a first collection frees may hold what a second one frees. */
async function memory(): Promise<Questions["memory"]> {
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { heapBytes: process.memoryUsage().heapUsed };
}
