import { wholeNumber } from "../kind.ts";
import { settled } from "../option.ts";

const seconds = (least: number, most: number) => wholeNumber(least, most, "seconds");
const bytes = (least: number, most: number) => wholeNumber(least, most, "bytes");
const day = 86_400;

/** What one caller may use up (requirement G6). */
export const limitOptions = {
  maxMessageBytes: settled({
    key: "limits.max_message_bytes",
    kind: bytes(1_024, 67_108_864),
    fallback: 1_048_576,
    says: "One request message.",
  }),
  maxAnswerBytes: settled({
    key: "limits.max_answer_bytes",
    kind: bytes(1_024, 67_108_864),
    fallback: 4_194_304,
    says: "One response message; OpenShell's clients take 4 MiB.",
  }),
  maxHeaderBytes: settled({
    key: "limits.max_header_bytes",
    kind: bytes(1_024, 1_048_576),
    fallback: 16_384,
    says: "All headers of a request.",
  }),
  maxConnections: settled({
    key: "limits.max_connections",
    kind: wholeNumber(1, 1_000_000),
    fallback: 10_000,
    says: "Connections of one listener.",
  }),
  maxStreamsPerConnection: settled({
    key: "limits.max_streams_per_connection",
    kind: wholeNumber(1, 100_000),
    fallback: 256,
    says: "Calls at once on one HTTP/2 connection.",
  }),
  maxStreamsPerSandbox: settled({
    key: "limits.max_streams_per_sandbox",
    kind: wholeNumber(1, 100_000),
    fallback: 16,
    says: "Streaming calls at once of one sandbox.",
  }),
  maxHealthWatchers: settled({
    key: "limits.max_health_watchers",
    kind: wholeNumber(1, 100_000),
    fallback: 128,
    says: "Health watches at once.",
  }),
  requestTimeoutSecs: settled({
    key: "limits.request_timeout_secs",
    kind: seconds(1, day),
    fallback: 30,
    says: "For a request of one message to arrive, and for its answer to be taken.",
  }),
  headersTimeoutSecs: settled({
    key: "limits.headers_timeout_secs",
    kind: seconds(1, day),
    fallback: 15,
    says: "For the headers of an HTTP/1.1 request.",
  }),
  openingTimeoutSecs: settled({
    key: "limits.opening_timeout_secs",
    kind: seconds(1, day),
    fallback: 10,
    says: "For a connection's first bytes, and for a TLS handshake.",
  }),
  firstRequestTimeoutSecs: settled({
    key: "limits.first_request_timeout_secs",
    kind: seconds(1, day),
    fallback: 15,
    says: "For the first request of an HTTP/2 connection.",
  }),
  idleTimeoutSecs: settled({
    key: "limits.idle_timeout_secs",
    kind: seconds(1, day),
    fallback: 300,
    says: "For the next request of a connection.",
  }),
  pingIntervalSecs: settled({
    key: "limits.ping_interval_secs",
    kind: seconds(1, day),
    fallback: 20,
    says: "Between two HTTP/2 pings.",
  }),
  pingTimeoutSecs: settled({
    key: "limits.ping_timeout_secs",
    kind: seconds(1, day),
    fallback: 10,
    says: "For the answer to a ping.",
  }),
};
