/** What one caller may use up (requirement G6). Times are milliseconds, sizes bytes. */
export interface Limits {
  /** One request message, decompressed; more is `resource_exhausted`. */
  readonly messageBytes: number;
  /** One response message; OpenShell's clients take no more than 4 MiB. */
  readonly answerBytes: number;
  /** All headers of one request: HTTP/1.1 answers 431, HTTP/2 resets the stream with ENHANCE_YOUR_CALM. */
  readonly headerBytes: number;
  /** Requests at once on one HTTP/2 connection. */
  readonly streamsPerConnection: number;
  /** Streaming calls at once of one sandbox over all its connections; more is `resource_exhausted`. */
  readonly streamsPerSandbox: number;
  /** Health watchers at once, of anybody; more is `resource_exhausted`. */
  readonly healthWatchers: number;
  /** Connections of one listener; for more, those that do nothing make room, or the new ones are closed as they come. */
  readonly connections: number;
  /** From a request's headers to the end of its body where the body is one message, and for the caller to take the answer. */
  readonly requestMs: number;
  /** From the first byte of an HTTP/1.1 request to the end of its headers. */
  readonly headersMs: number;
  /** From connecting to the bytes that tell the protocol, and for a TLS handshake. */
  readonly openingMs: number;
  /** From an HTTP/2 connection's preface to its first request. */
  readonly firstRequestMs: number;
  /** How long a connection may stay without a request once it has made one. */
  readonly idleMs: number;
  /** Between two HTTP/2 pings of the gateway. */
  readonly pingMs: number;
  /** How long a ping may stay unanswered before the connection is ended. */
  readonly pingAckMs: number;
}

export const defaultLimits: Limits = {
  messageBytes: 1024 * 1024,
  answerBytes: 4 * 1024 * 1024,
  headerBytes: 16 * 1024,
  streamsPerConnection: 256,
  streamsPerSandbox: 16,
  healthWatchers: 128,
  connections: 10_000,
  requestMs: 30_000,
  headersMs: 15_000,
  openingMs: 10_000,
  firstRequestMs: 15_000,
  idleMs: 300_000,
  pingMs: 20_000,
  pingAckMs: 10_000,
};
