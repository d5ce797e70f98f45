import type { Refusal, Verdict } from "../../../src/core/refusal.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { sameFamily, supersedes } from "../../../src/supervisor/token-claims.ts";
import { attempt } from "./attempt.ts";
import type { TokenFile } from "./failing.ts";
import type { Replica } from "./replica.ts";

const toldOfConflict: ReadonlySet<Refusal["reason"]> = new Set(["token-superseded", "token-reused"]);
const asksToTryAgain: ReadonlySet<Refusal["reason"]> = new Set([
  ...(["revocations-unknown", "store-unavailable", "keys-missing", "rate-limited"] as const),
]);

/** The honest holder of a sandbox's token, as far as what it does depends on answers. */
export class Supervisor {
  /** Was it refused for good? It is to be started anew then. */
  isLost = false;
  readonly #file: TokenFile;
  #held: Secret | undefined;
  #isUnanswered = false;

  constructor(file: TokenFile) {
    this.#file = file;
  }

  get held(): Secret | undefined {
    return this.#held;
  }

  /** Begins with what its file says, and remembers nothing. */
  start(): void {
    this.#hold(this.#file.token);
  }

  /** A refresh of the token that it held was answered, or never. */
  wasAnswered(asked: string, token: Secret | undefined): void {
    if (this.#held?.reveal() !== asked) return;
    if (token) this.#hold(token);
    else this.#isUnanswered = true;
  }

  async isServed(replicas: readonly Replica[]): Promise<boolean> {
    const verdicts: Verdict<unknown>[] = [];
    for (const replica of replicas) verdicts.push(await this.#call(replica));
    return verdicts.every(({ ok }) => ok);
  }

  /** Makes a call, and does what has to be done where it is refused. */
  async recover(replica: Replica): Promise<void> {
    const verdict = await this.#call(replica);
    if (verdict.ok || asksToTryAgain.has(verdict.reason)) return;
    const isInConflict = toldOfConflict.has(verdict.reason) && !this.#isUnanswered;
    const { token } = this.#file;
    const held = this.#held;
    if (!held) return this.#giveUp();
    if (token && supersedes(token, held) && !(isInConflict && sameFamily(token, held))) return this.#hold(token);
    this.#isUnanswered = true;
    const answer = await attempt(() => replica.refresh(held.reveal(), isInConflict));
    if (answer.ok) return this.#hold(answer.value.token);
    if (asksToTryAgain.has(answer.refusal.reason)) return;
    const { token: found } = this.#file;
    if (found && supersedes(found, held)) this.#hold(found);
    else this.#giveUp();
  }

  async #call(replica: Replica): Promise<Verdict<unknown>> {
    return this.#held ? replica.call(this.#held.reveal()) : { ok: false, reason: "credential-missing" };
  }

  #hold(token: Secret | undefined): void {
    this.#held = token;
    this.#isUnanswered = false;
    this.isLost = false;
  }

  #giveUp(): void {
    this.isLost = true;
  }
}
