/** How much is asked at once, and in all. */
export interface Load {
  /** A multiple of ten. */
  readonly calls: number;
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
}

/** What came of a load, in its {@link Middle}. */
export interface Loaded {
  readonly calls: number;
  readonly seconds: number;
  /** Of the server. */
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
