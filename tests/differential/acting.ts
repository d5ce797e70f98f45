import { create, type DescMethod, type Message, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Metadata } from "../../src/access/index.ts";
import { type Reason, Refusal } from "../../src/core/refusal.ts";
import type { Act } from "./generated-call.ts";

/** Where a call carries what its handler shall do, and its number. */
export const actHeader = "x-act";
export const numberHeader = "x-call";

/** What a handler is told by its transport. */
export interface ActingCall {
  readonly method: DescMethod;
  readonly request: Message;
  readonly metadata: Metadata;
  /** Read as late as the act says: a signal is made when it is asked for. */
  readonly signal: () => AbortSignal;
  /** Further things that both ways must give alike. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Handlers that do what their call's metadata says, and note what they were given and how their signal ended. */
export class Acting {
  /** What handlers saw, one line a sight, with the number of the call. */
  readonly seen: { readonly call: string; readonly saw: string }[] = [];
  /** Handlers that have begun and not ended. */
  running = 0;
  readonly #served = new Map<string, () => void>();

  /** Resolves when the handler of a call has begun. */
  served(call: string): Promise<void> {
    return new Promise((resolve) => this.#served.set(call, resolve));
  }

  /** Does the act of a call. @returns what the handler answers: as promised, or at once */
  run(call: ActingCall): object | Promise<object> {
    const number = call.metadata.get(numberHeader) ?? "none";
    const act = JSON.parse(call.metadata.get(actHeader) ?? "null") as Act | null;
    const saw = (what: string) => this.seen.push({ call: number, saw: what });
    saw(`${call.method.name} ${toJsonString(call.method.input, call.request)}`);
    saw(JSON.stringify(call.about));
    const handler = { isDone: false };
    if (act?.watches) watch(call.signal(), handler, saw);
    this.#served.get(number)?.();
    if (act && (act.after > 0 || act.does === "wait")) {
      this.running++;
      return this.#later(act, call, saw).finally(() => {
        handler.isDone = true;
        this.running--;
      });
    }
    handler.isDone = true;
    return act ? perform(act, call) : {};
  }

  async #later(act: Act, call: ActingCall, saw: (what: string) => void): Promise<object> {
    if (act.after === 2) await new Promise(setImmediate);
    if (act.does !== "wait") return perform(act, call);
    const signal = call.signal();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    saw(`waited until ${spelled(signal.reason)}`);
    if (act.detail === "throw") throw signal.reason;
    if (act.detail === "refuse") throw new Refusal("state-conflict", { says: "given up" });
    return {};
  }
}

/** Notes how a signal ends. Why it does is nobody's business once the handler is done. */
function watch(signal: AbortSignal, handler: { readonly isDone: boolean }, saw: (what: string) => void): void {
  const end = () => saw(handler.isDone ? "ended" : `ended with ${spelled(signal.reason)}`);
  if (signal.aborted) saw(`came to ${spelled(signal.reason)}`);
  else signal.addEventListener("abort", end, { once: true });
}

/** An error in words that do not depend on who made it. */
function spelled(reason: unknown): string {
  if (reason instanceof ConnectError) return `${reason.name} ${Code[reason.code]}: ${reason.rawMessage}`;
  if (reason instanceof Refusal) return `${reason.name} ${reason.reason}: ${reason.message}`;
  return reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
}

function perform({ does, detail }: Act, { method, metadata, about }: ActingCall): object {
  switch (does) {
    case "refuse":
      throw new Refusal(detail as Reason, { says: `says ${detail}: ü\n%`, retryAfterMs: detail.length * 100 });
    case "throw":
      throw thrown(detail);
    case "answer-text":
      return textAnswer(method, text(detail));
    case "echo":
      return textAnswer(method, JSON.stringify([metadata.get(detail) ?? null, about]));
    case "answer-badly":
      return badAnswer(method);
    default:
      return {};
  }
}

function thrown(what: string): unknown {
  switch (what) {
    case "text":
      return "a thrown text";
    case "null":
      return null;
    case "connect":
      return new ConnectError("said by a handler", Code.DataLoss, { "x-said": "1" });
    case "abort":
      return new DOMException("not of this call", "AbortError");
    default:
      return new TypeError("a secret of the handler");
  }
}

/** `n` bytes of text: that many equal ones, or with `r` before the number ones that no compression shortens much. */
function text(detail: string): string {
  const length = Number(detail.replace("r", ""));
  if (!detail.startsWith("r")) return "x".repeat(length);
  let at = 1;
  return Array.from({ length }, () => {
    at = (at * 48_271) % 2_147_483_647;
    return String.fromCharCode(0x21 + (at % 90));
  }).join("");
}

/** An answer that holds this text in its first field of that kind, as far as it has one. */
function textAnswer({ output }: DescMethod, value: string): object {
  const field = output.fields.find(({ fieldKind, scalar }) => fieldKind === "scalar" && scalar === 9);
  return field ? { [field.localName]: value } : {};
}

/** An answer that cannot be encoded. */
function badAnswer({ output }: DescMethod): object {
  const field = output.fields.find(({ fieldKind, scalar }) => fieldKind === "scalar" && scalar === 9);
  return field ? create(output, { [field.localName]: 7 } as never) : {};
}
