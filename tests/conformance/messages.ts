import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";

/**
 * What the suite's messages look like, as far as a server needs them. Their descriptors come from the suite itself when
 * it runs, so that nothing of it is kept here.
 */
export interface Header {
  readonly name: string;
  readonly value: readonly string[];
}

export interface WantedError {
  readonly code: number;
  readonly message?: string;
  readonly details: readonly Any[];
}

interface Definition {
  readonly responseHeaders: readonly Header[];
  readonly responseTrailers: readonly Header[];
  readonly responseDelayMs: number;
}

export interface UnaryDefinition extends Definition {
  readonly response:
    | { readonly case: "responseData"; readonly value: Uint8Array }
    | { readonly case: "error"; readonly value: WantedError }
    | { readonly case: undefined; readonly value?: undefined };
}

export interface StreamDefinition extends Definition {
  readonly responseData: readonly Uint8Array[];
  readonly error?: WantedError;
}

export interface UnaryRequest extends Message {
  readonly responseDefinition?: UnaryDefinition;
}

export interface StreamRequest extends Message {
  readonly responseDefinition?: StreamDefinition;
  /** Of the first message of a stream in both directions. */
  readonly fullDuplex?: boolean;
}

export interface RequestInfo {
  readonly requestHeaders: readonly Header[];
  readonly timeoutMs?: bigint;
  readonly requests: readonly Any[];
  readonly connectGetInfo?: { readonly queryParams: readonly Header[] };
}

export interface Answer {
  readonly payload: { readonly data?: Uint8Array; readonly requestInfo?: Partial<RequestInfo> };
}

/** How a server is to be started. */
export interface ServerWanted extends Message {
  readonly useTls: boolean;
  readonly clientTlsCert: Uint8Array;
  readonly messageReceiveLimit: number;
  readonly serverCreds?: { readonly cert: Uint8Array; readonly key: Uint8Array };
}
