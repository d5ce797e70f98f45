import { EventEmitter } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { partsOf } from "../../support/tokens.ts";
import { type Answer, Link, type Refreshed, statuses } from "./link.ts";
import type { Replica, TestSandbox } from "./replica.ts";

/** How an honest supervisor was treated badly. */
export interface Wrongs {
  /** Refused although it did all as it should: what it did, and the status. */
  readonly stranded: string[];
  /** The ids of tokens that two different ones were given for. */
  readonly double: string[];
}

interface Contact {
  readonly replica: Replica;
  readonly link: Link;
}

/**
 * A supervisor that refreshes as often as it can, each time at a gateway that it picks anew. Where no answer comes, or one
 * that asks it to try again, it goes to another with the token that it has.
 */
export class BusySupervisor implements Disposable {
  readonly sandbox: TestSandbox;
  readonly wrongs: Wrongs = { stranded: [], double: [] };
  /** All tokens that it had, the current one last. */
  readonly tokens: string[];
  /** Says `answered`, with the replica's name, for each refresh. */
  readonly news = new EventEmitter<{ answered: [string] }>();
  /** Calls that were not answered with what they asked for, for whatever reason. */
  failed = 0;
  readonly #contacts: readonly Contact[];
  #first = 0;
  #isOver = false;

  private constructor(sandbox: TestSandbox, token: string, replicas: readonly Replica[]) {
    this.sandbox = sandbox;
    this.tokens = [token];
    this.#contacts = replicas.map((replica) => ({ replica, link: new Link(replica.url) }));
  }

  static async of(sandbox: TestSandbox, replicas: readonly Replica[]): Promise<BusySupervisor> {
    return new BusySupervisor(sandbox, await sandbox.token(), replicas);
  }

  get token(): string {
    return this.tokens.at(-1) ?? "";
  }

  /** Refreshes until {@link stop} or until it is stranded, with about so long a pause after each, in milliseconds. */
  async run(pauseMs: number): Promise<void> {
    while (!this.#isOver && this.wrongs.stranded.length === 0) {
      await this.refresh();
      await wait(2 * pauseMs * Math.random());
    }
  }

  /** Asks until there is an answer. */
  async refresh(): Promise<void> {
    const before = this.token;
    for (let attempt = 0; ; attempt += 1) {
      const { replica, link } = this.#pick(attempt);
      const answer = await link.refresh(before);
      if (answer.kind === "ok") {
        this.tokens.push(answer.token);
        this.news.emit("answered", replica.name);
        return this.#goOn(before);
      }
      this.#judge(answer, `refresh, attempt ${attempt}`);
      if (this.wrongs.stranded.length > 0) return;
      await wait(50 * Math.random() * Math.min(attempt + 1, 5));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  [Symbol.dispose](): void {
    for (const { link } of this.#contacts) link[Symbol.dispose]();
  }

  /** Sometimes it asks once more, as if it had not heard the answer; sometimes it uses its token before it refreshes it. */
  async #goOn(before: string): Promise<void> {
    if (Math.random() < 0.1) {
      const again = await this.#pick().link.refresh(before);
      if (again.kind === "ok" && again.token !== this.token)
        this.wrongs.double.push(String(partsOf(before).payload["jti"]));
      this.#judge(again, "the same refresh again");
    }
    if (Math.random() < 0.5) this.#judge(await this.#pick().link.use(this.token, this.sandbox.id), "use");
  }

  #judge(answer: Answer | Refreshed, what: string): void {
    if (answer.kind === "ok") return;
    this.failed += 1;
    if (answer.kind === "refused" && answer.status !== statuses.unavailable) {
      this.wrongs.stranded.push(`${what}: ${answer.status}`);
    }
  }

  /** Any, and the others in turn where that one does not answer. */
  #pick(attempt = 0): Contact {
    if (attempt === 0) this.#first = Math.floor(Math.random() * this.#contacts.length);
    const contact = this.#contacts[(this.#first + attempt) % this.#contacts.length];
    if (!contact) throw new Error("a supervisor knows no gateway");
    return contact;
  }
}
