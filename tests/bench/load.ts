/** How much is asked at once, and in all. */
export interface Load {
  readonly calls: number;
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
}

export interface Loaded {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
