import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Principal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import type { ScopedSandbox } from "../core/scoped-sandbox.ts";
import type { AuthorizationRow } from "./authorization.ts";
import type { Answer, BoundMethod } from "./bound-service.ts";
import type { Guarding } from "./define-service.ts";
import type { Entry, Metadata } from "./entry.ts";
import type { MethodGuard } from "./guard.ts";
import { guardFrames } from "./guarded-frames.ts";
import type { RolePolicy } from "./roles.ts";
import { streamUntil } from "./stream-until.ts";

/** A handler without the types that {@link defineService} checked it against. */
export type LooseHandler = (input: unknown, call: LooseCall) => unknown;

interface LooseCall {
  readonly principal: Principal;
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  readonly sandbox: ScopedSandbox | undefined;
}

interface Parts {
  readonly method: DescMethod;
  readonly row: AuthorizationRow;
  readonly guard: MethodGuard;
  readonly admit: (principal: Principal, roles: RolePolicy) => void;
  readonly handler: LooseHandler;
  readonly guarding: Guarding;
}

/** Puts the guard around a handler; what it throws leaves as a `Refusal`. */
export function bindMethod(parts: Parts): BoundMethod {
  const { method, row } = parts;
  switch (method.methodKind) {
    case "unary":
      return { method, row, kind: "unary", invoke: (request, entry) => unary(parts, request, entry) };
    case "server_streaming":
      return { method, row, kind: "server_streaming", invoke: (request, entry) => serverStream(parts, request, entry) };
    case "client_streaming":
      return {
        method,
        row,
        kind: "client_streaming",
        invoke: (frames, entry) => clientStream(parts, frames, entry).catch(refuse),
      };
    case "bidi_streaming":
      return { method, row, kind: "bidi_streaming", invoke: (frames, entry) => bidiStream(parts, frames, entry) };
  }
}

/** Waits for nothing that is there already: no promise is made for a call whose sandbox and answer are in memory. */
function unary(parts: Parts, request: Message, entry: Entry): Answer | Promise<Answer> {
  try {
    parts.admit(entry.principal, parts.guarding.roles);
    const sandbox = parts.guard.scope(request, entry);
    if (sandbox instanceof Promise) return unaryOnceScoped(parts, request, entry, sandbox);
    const answer = parts.handler(request, new UnaryCall(entry, sandbox));
    return answer instanceof Promise ? (answer as Promise<Answer>).catch(refuse) : (answer as Answer);
  } catch (thrown) {
    return refuse(thrown);
  }
}

async function unaryOnceScoped(
  { handler }: Parts,
  request: Message,
  entry: Entry,
  scoping: Promise<ScopedSandbox | undefined>,
): Promise<Answer> {
  try {
    return (await handler(request, new UnaryCall(entry, await scoping))) as Answer;
  } catch (thrown) {
    return refuse(thrown);
  }
}

async function* serverStream(parts: Parts, request: Message, entry: Entry): AsyncGenerator<Answer> {
  const { guard, admit, handler, guarding } = parts;
  try {
    admit(entry.principal, guarding.roles);
    const sandbox = await guard.scope(request, entry);
    using lease = guarding.openLease(entry.principal);
    const signal = joined(entry.signal, lease?.signal);
    yield* streamUntil(signal, handler(request, callOf(entry, signal, sandbox)) as AsyncIterable<Answer>);
  } catch (thrown) {
    refuse(thrown);
  }
}

async function clientStream(parts: Parts, source: AsyncIterable<Message>, entry: Entry): Promise<Answer> {
  const { guard, admit, handler, guarding } = parts;
  admit(entry.principal, guarding.roles);
  using lease = guarding.openLease(entry.principal);
  const signal = joined(entry.signal, lease?.signal);
  const incoming = streamUntil(signal, source);
  try {
    const { sandbox, frames } = await guardFrames(guard, incoming, entry, guarding);
    return (await handler(frames, callOf(entry, signal, sandbox))) as Answer;
  } finally {
    await incoming.return();
  }
}

async function* bidiStream(parts: Parts, source: AsyncIterable<Message>, entry: Entry): AsyncGenerator<Answer> {
  const { guard, admit, handler, guarding } = parts;
  try {
    admit(entry.principal, guarding.roles);
    using lease = guarding.openLease(entry.principal);
    const signal = joined(entry.signal, lease?.signal);
    const incoming = streamUntil(signal, source);
    try {
      const { sandbox, frames } = await guardFrames(guard, incoming, entry, guarding);
      yield* streamUntil(signal, handler(frames, callOf(entry, signal, sandbox)) as AsyncIterable<Answer>);
    } finally {
      await incoming.return();
    }
  } catch (thrown) {
    refuse(thrown);
  }
}

function callOf({ principal, metadata }: Entry, signal: AbortSignal, sandbox: ScopedSandbox | undefined): LooseCall {
  return { principal, signal, metadata, sandbox };
}

/** What a unary handler gets. Hardly any looks at the signal, and transports make one only for those that do. */
class UnaryCall implements LooseCall {
  readonly principal: Principal;
  readonly metadata: Metadata;
  readonly sandbox: ScopedSandbox | undefined;
  readonly #entry: Entry;

  constructor(entry: Entry, sandbox: ScopedSandbox | undefined) {
    this.principal = entry.principal;
    this.metadata = entry.metadata;
    this.sandbox = sandbox;
    this.#entry = entry;
  }

  get signal(): AbortSignal {
    return this.#entry.signal;
  }
}

const joined = (caller: AbortSignal, lease: AbortSignal | undefined) =>
  lease ? AbortSignal.any([caller, lease]) : caller;

function refuse(thrown: unknown): never {
  throw Refusal.from(thrown);
}
