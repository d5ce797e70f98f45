import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import pLimit from "p-limit";

/**
 * Messages that are decompressed at once, by all callers together: no more than Node has threads for it, so that small
 * messages that become large ones do not all lie in memory while they wait for a thread.
 */
const atOnce = 4;
/** Of messages that wait for it and may be nobody's any more, in bytes. */
const mostWaiting = 16 * 1024 * 1024;

const inTurn = pLimit(atOnce);
let waiting = 0;

/** What callers may compress with, and what answers are compressed with where they accept it. */
export const acceptedCompressions: Compression[] = [compressionGzip, compressionBrotli].map((compression) => ({
  ...compression,
  async decompress(bytes, mostBytes) {
    if (waiting + bytes.length > mostWaiting) {
      throw new ConnectError("more compressed messages came than can be read at once; try again", Code.Unavailable);
    }
    waiting += bytes.length;
    try {
      return await inTurn(() => compression.decompress(bytes, mostBytes));
    } finally {
      waiting -= bytes.length;
    }
  },
}));
