import { type Clock, pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import { describeFailure } from "./log.ts";
import { isNotFound, isTransient, isUnauthenticated, reasonOf, wasDeclined } from "./status.ts";
import type { TokenCalls } from "./token-calls.ts";
import { sameFamily } from "./token-claims.ts";
import type { HeldToken, TokenSlot } from "./token-slot.ts";
import type { TokenSource } from "./token-source.ts";

/**
 * How a renewal ended: another token is in the slot; or none, but trying again may help; or the token was refused and
 * nothing took its place in time.
 */
export type Renewal = "renewed" | "try-again" | "lost";

/** A call that was refused with `unauthenticated`. */
export interface RefusedCall {
  /** The slot's version when the call was made. */
  readonly version: number;
  /** The gateway's reason, where it gave one. */
  readonly reason: string | undefined;
}

export interface CredentialOptions {
  readonly source: TokenSource;
  readonly slot: TokenSlot;
  readonly calls: TokenCalls;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a refused token's file may take to hold another one, in milliseconds. */
  readonly graceMs: number;
  /** The same for a token that ran out, which the gateway replaces on its own schedule. */
  readonly expiredGraceMs: number;
  /** Ends the waiting for another token; the process is ending. */
  readonly signal: AbortSignal;
}

const filePollMs = 250;
const supersededReasons = new Set(["TOKEN_SUPERSEDED", "TOKEN_REUSED"]);

/** Gets the process its token, renews it, and finds another when it is refused (requirements P1 to P3, T8). */
export class Credential {
  readonly #options: CredentialOptions;
  readonly #lost = new AbortController();
  #first: Promise<void> | undefined;
  #renewing: Promise<Renewal> | undefined;
  /** The version with which a refresh was asked whose answer never came: its successor may exist. */
  #unanswered = 0;
  #failure: unknown;

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  get slot(): TokenSlot {
    return this.#options.slot;
  }

  /** Aborts when the token was refused for good. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What the latest call for a refresh failed with; undefined where it worked. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Puts the first token into the slot, once per process however many ask; after a failure the next caller tries again. */
  acquire(): Promise<void> {
    this.#first ??= this.#options.source.first().then(
      (token) => void this.slot.put(token),
      (error: unknown) => {
        this.#first = undefined;
        throw error;
      },
    );
    return this.#first;
  }

  /** The token to send now; gets the first one where there is none. */
  async present(): Promise<HeldToken> {
    if (!this.slot.held) await this.acquire();
    const { held } = this.slot;
    if (!held) throw new Error("the token source gave no token");
    return held;
  }

  /** A planned refresh. */
  refresh(): Promise<Renewal> {
    return this.#once(async () => {
      const held = await this.present();
      const outcome = await this.#ask(held, { conflict: false });
      return typeof outcome === "string" ? outcome : this.#findAnother(held, outcome.reason);
    });
  }

  /** After a refused call: is there a better token than the one that it carried? */
  async recover({ version, reason }: RefusedCall): Promise<Renewal> {
    await this.#renewing;
    if (this.#lost.signal.aborted) return "lost";
    if (this.slot.version !== version) return "renewed";
    return this.#once(() => this.#afterRefusal(reason));
  }

  #once(renew: () => Promise<Renewal>): Promise<Renewal> {
    this.#renewing ??= renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /**
   * The source is asked first. But a token that was superseded although this process asked for no refresh is presented
   * once more, with the word that says so, before its family's newer token is taken from the file: the gateway alone can
   * tell a lost answer from a theft, by whether that newer token has been presented, and we must not be who presents it.
   */
  async #afterRefusal(reason: string | undefined): Promise<Renewal> {
    const held = await this.present();
    const conflict = supersededReasons.has(reason ?? "") && this.#unanswered !== held.version;
    if (conflict)
      this.#options.log.warn({ reason }, "the token was superseded, and this supervisor did not ask for it");

    if (!conflict || this.#options.source.kind === "file") {
      const another = await this.#another(held);
      if (another === "try-again") return another;
      if (another && !(conflict && sameFamily(another, held.token))) return this.#take(another);
    }
    const outcome = await this.#ask(held, { conflict });
    return typeof outcome === "string" ? outcome : this.#findAnother(held, outcome.reason ?? reason);
  }

  /** Asks for the held token's successor; a refusal comes back as an object. */
  async #ask(held: HeldToken, options: { conflict: boolean }): Promise<Renewal | { reason: string | undefined }> {
    const earlier = this.#unanswered;
    this.#unanswered = held.version;
    this.#failure = undefined;
    try {
      return this.#take(await this.#options.calls.refresh(held.token, options));
    } catch (error) {
      this.#failure = error;
      if (wasDeclined(error)) this.#unanswered = earlier;
      if (isUnauthenticated(error) || isNotFound(error)) return { reason: reasonOf(error) };
      this.#options.log.warn({ error: describeFailure(error) }, "the token could not be refreshed; it is kept");
      return "try-again";
    }
  }

  /** The token was refused. Whoever delivers tokens gets a moment to deliver another. */
  async #findAnother(held: HeldToken, reason: string | undefined): Promise<Renewal> {
    const { clock, source, graceMs, expiredGraceMs, signal } = this.#options;
    const expired = reason === "TOKEN_EXPIRED" || (held.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now();
    const deadline = clock.monotonic() + (expired ? expiredGraceMs : graceMs);
    for (;;) {
      const another = await this.#another(held);
      if (another === "try-again") return another;
      if (another) return this.#take(another);
      const left = deadline - clock.monotonic();
      if (source.kind !== "file" || left <= 0) break;
      await pause(clock, Math.min(filePollMs, left), signal);
      if (signal.aborted) return "try-again";
    }
    this.#lost.abort();
    return "lost";
  }

  async #another(held: HeldToken): Promise<Secret | undefined | "try-again"> {
    const { source, log } = this.#options;
    try {
      return await source.another(held.token);
    } catch (error) {
      const level = source.kind === "kubernetes" ? "warn" : "debug";
      log[level]({ error: describeFailure(error) }, "no other token could be had");
      return source.kind === "kubernetes" && isTransient(error) ? "try-again" : undefined;
    }
  }

  #take(token: Secret): Renewal {
    return this.slot.put(token) ? "renewed" : "try-again";
  }
}
