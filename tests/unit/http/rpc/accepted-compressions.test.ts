import { createHook } from "node:async_hooks";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { acceptedCompressions } from "../../../../src/http/rpc/index.ts";

const mebibyte = 1024 * 1024;
const compress = { gzip: gzipSync, br: brotliCompressSync };

/** Counts decompressions that Node has begun. */
function countBegun() {
  let begun = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "ZLIB") begun++;
    },
  }).enable();
  return { begun: () => begun, [Symbol.dispose]: () => void hook.disable() };
}

describe.each(acceptedCompressions)("$name", ({ name, decompress }) => {
  const zip = (bytes: Buffer) => new Uint8Array(compress[name as keyof typeof compress](bytes));

  test("what was compressed comes back", async () => {
    const bytes = Buffer.from("a message".repeat(1_000));
    expect(Buffer.from(await decompress(zip(bytes), mebibyte))).toEqual(bytes);
  });

  test("A-61: no more than four messages are decompressed at once, whoever sent them", async () => {
    const bomb = zip(Buffer.alloc(2 * mebibyte));
    using zlib = countBegun();
    const all = Array.from({ length: 40 }, () => decompress(bomb, mebibyte).catch(({ code }) => code));
    await Promise.resolve();
    await Promise.resolve();
    expect(zlib.begun()).toBe(4);
    expect(new Set(await Promise.all(all))).toEqual(new Set([Code.ResourceExhausted]));
    expect(zlib.begun()).toBe(40);
  });

  test("A-61: more than 16 MiB do not wait; their senders are told to try again, and then are served", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () =>
        decompress(new Uint8Array(mebibyte), mebibyte).then(
          () => "read",
          ({ code }) => (code === Code.Unavailable ? "unavailable" : "read"),
        ),
      ),
    );
    expect(outcomes.slice(0, 16)).toEqual(Array(16).fill("read"));
    expect(outcomes.slice(16)).toEqual(Array(4).fill("unavailable"));
    const bytes = Buffer.from("again");
    expect(Buffer.from(await decompress(zip(bytes), mebibyte))).toEqual(bytes);
  });
});
