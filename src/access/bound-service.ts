import type { DescMessage, DescMethod, DescService, Message, MessageInitShape } from "@bufbuild/protobuf";
import type { AuthorizationRow } from "./authorization.ts";
import type { Entry } from "./entry.ts";

export type Answer = MessageInitShape<DescMessage>;

/**
 * A method with its guard around it, for any transport to call: the request is a decoded message of `method.input`, the
 * answer an init shape of `method.output`. Every failure is a `Refusal`, whatever the handler threw; a unary method answers,
 * or throws, at once where nothing had to be waited for. `Entry.signal` is not read for a unary call unless its handler
 * reads it.
 */
export type BoundMethod = { readonly method: DescMethod; readonly row: AuthorizationRow } & (
  | { readonly kind: "unary"; invoke(request: Message, entry: Entry): Answer | Promise<Answer> }
  | { readonly kind: "server_streaming"; invoke(request: Message, entry: Entry): AsyncIterable<Answer> }
  | { readonly kind: "client_streaming"; invoke(requests: AsyncIterable<Message>, entry: Entry): Promise<Answer> }
  | { readonly kind: "bidi_streaming"; invoke(requests: AsyncIterable<Message>, entry: Entry): AsyncIterable<Answer> }
);

/** A service whose every method is guarded. `defineService` makes the only ones there are. */
export interface BoundService {
  readonly service: DescService;
  readonly methods: readonly BoundMethod[];
}
