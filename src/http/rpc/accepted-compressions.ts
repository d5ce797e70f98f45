import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";

/** What callers may compress with, and what answers are compressed with where they accept it. */
export const acceptedCompressions: Compression[] = [compressionGzip, compressionBrotli];
