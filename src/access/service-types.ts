import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import type { AnonymousPrincipal, SandboxPrincipal, UserPrincipal } from "../core/principal.ts";
import type { ScopedSandbox } from "../core/scoped-sandbox.ts";
import type { AuthMode, AuthorizationRow } from "./authorization.ts";
import type { Metadata } from "./entry.ts";
import type { unimplemented } from "./unimplemented.ts";

type PrincipalOf<M extends AuthMode> = M extends "bearer"
  ? UserPrincipal
  : M extends "sandbox"
    ? SandboxPrincipal
    : M extends "dual"
      ? UserPrincipal | SandboxPrincipal
      : AnonymousPrincipal;

type ScopeOf<R extends AuthorizationRow> = R extends { sandbox: { from: "principal" } }
  ? { readonly sandbox: ScopedSandbox }
  : R extends { sandbox: { optional: false } }
    ? { readonly sandbox: ScopedSandbox }
    : R extends { sandbox: { optional: true } }
      ? { readonly sandbox: ScopedSandbox | undefined }
      : unknown;

/** What a handler gets beside its request: the proof that the check of its method's row was done, and for whom. */
type Call<R extends AuthorizationRow> = {
  readonly principal: PrincipalOf<R["mode"]>;
  /** Aborts when the caller goes away and, for streams, when the caller's credential ends; its reason is a `Refusal`. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
} & ScopeOf<R>;

type Promised<T> = T | Promise<T>;

type Handler<M extends DescMethod, C> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, call: C) => Promised<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, call: C) => AsyncIterable<MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, call: C) => Promise<MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageShape<I>>, call: C) => AsyncIterable<MessageInitShape<O>>
          : never;

export type AnyService = GenService<GenServiceMethods>;

type MethodsOf<S extends AnyService> = S["method"];

/** A row for every method of the service; a missing one does not compile. */
export type AuthorizationTable<S extends AnyService> = { readonly [K in keyof MethodsOf<S>]: AuthorizationRow };

/** A handler for every method of the service, or the word that it is not built. */
export type Handlers<S extends AnyService, T extends AuthorizationTable<S>> = {
  readonly [K in keyof MethodsOf<S>]: Handler<MethodsOf<S>[K], Call<T[K]>> | typeof unimplemented;
};

/** One method's handler, for files that hold one method each: `HandlerOf<typeof OpenShell, typeof openShellAuthorization, "getSandbox">`. */
export type HandlerOf<S extends AnyService, T extends AuthorizationTable<S>, K extends keyof MethodsOf<S>> = Handler<
  MethodsOf<S>[K],
  Call<T[K]>
>;
