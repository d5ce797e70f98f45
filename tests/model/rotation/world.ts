import type { Clock } from "../../../src/core/clock.ts";
import { newSandboxId, type SandboxId } from "../../../src/core/ids.ts";
import { newSandbox } from "../../contract/sandboxes.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { newKey } from "../../support/tokens.ts";
import { attempt } from "./attempt.ts";
import type { Command, Which } from "./commands.ts";
import type { Database } from "./databases.ts";
import { TokenFile } from "./failing.ts";
import { aheadMs, haveTwoLives, type Judgement, judge, leewayMs } from "./judge.ts";
import { Replica } from "./replica.ts";
import { Supervisor } from "./supervisor.ts";

const key = newKey();
/** No two machines have one time; so two replicas that sign the same successor sign different tokens. */
const ahead = (clock: FakeClock): Clock => ({
  now: () => clock.now() + aheadMs,
  monotonic: clock.monotonic,
  after: (ms, task) => clock.after(ms, task),
});

/** One sandbox, its supervisor, and two replicas on one database; what is done to it is checked at each step. */
export class World implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly sandboxId: SandboxId = newSandboxId();
  readonly file = new TokenFile();
  readonly replicas: readonly [Replica, Replica];
  readonly supervisor: Supervisor;
  /** Every token that ever left, the latest last, whoever has it. */
  readonly out: string[] = [];
  readonly #database: Database;
  /** Did the wall clock go back, so that a good token may not be valid yet? */
  #wasSetBack = false;

  private constructor(database: Database) {
    this.#database = database;
    const replica = (at: Which) =>
      new Replica({
        ...{ clock: at === 0 ? this.clock : ahead(this.clock), key, file: this.file, owns: at === 0 },
        store: () => database.stores[at],
      });
    this.replicas = [replica(0), replica(1)];
    this.supervisor = new Supervisor(this.file);
  }

  static async start(database: Database): Promise<World> {
    const world = new World(database);
    database.forget();
    await database.stores[0].sandboxes.insert(newSandbox({ id: world.sandboxId }));
    for (const replica of world.replicas) await replica.start();
    await world.#begin(0);
    world.supervisor.start();
    return world;
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case "refresh":
        return this.#refresh(command);
      case "race":
        return this.#race(command);
      case "call":
        return this.#call(command);
      case "revoke":
        return this.#revoke(command.at, command.what);
      case "begin":
        return this.#begin(command.at);
      case "restart":
        return this.#restart(this.replicas[command.at]);
      case "learn":
        return this.replicas[command.at].learn();
      case "blind":
        this.replicas[command.at].staleMs = command.ms;
        return;
      case "jump":
        this.#wasSetBack ||= command.ms < -leewayMs;
        return this.clock.jump(command.ms);
      case "advance":
        return this.clock.advance(command.ms);
      case "backup":
        return this.#database.backup(this.sandboxId);
      case "restore":
        return this.#restore();
      case "settle":
        return this.settle();
    }
  }

  /**
   * Nothing fails any more: every replica hears what happened, and the supervisor goes on as it does, with a keeper beside
   * it. It must come to a token that is good on both replicas.
   */
  async settle(): Promise<void> {
    for (const replica of this.replicas) replica.failures.next = undefined;
    const [owner] = this.replicas;
    for (let round = 0; round < 6; round += 1) {
      // What was found unknown is remembered for two seconds; a delivery that failed is tried again.
      await this.clock.advance(2_500);
      for (const replica of this.replicas) await replica.learn();
      await this.#demandFile();
      if (await this.supervisor.isServed(this.replicas)) return this.#demandCurrent();
      await this.#note(() => this.supervisor.recover(this.replicas[round % 2 === 0 ? 1 : 0]));
      if (!this.supervisor.isLost) continue;
      await this.#keep(owner);
      // A driver begins a family before it starts a supervisor anew; no more is needed where time ran backwards.
      if (this.#wasSetBack) await this.#begin(0);
      this.supervisor.start();
    }
    throw new Error("the supervisor is stranded");
  }

  /** Every token that ever left is tried, to refresh and to call; at most one may work in the end, and nobody is stranded. */
  async probe(): Promise<void> {
    await this.settle();
    for (const [index, text] of [...this.out].entries()) {
      await this.#note(() => attempt(() => this.replicas[index % 2 === 0 ? 0 : 1].refresh(text)));
    }
    for (const replica of this.replicas) await replica.learn();
    for (const replica of this.replicas) {
      const served = new Set<string>();
      for (const text of new Set(this.out)) if ((await replica.call(text)).ok) served.add(text);
      if (served.size > 1) throw new Error(`${served.size} tokens of one sandbox are served`);
    }
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.replicas) await replica[Symbol.asyncDispose]();
  }

  async #refresh({ at, token, conflict, fails, lost }: Extract<Command, { do: "refresh" }>): Promise<void> {
    const replica = this.replicas[at];
    const text = this.#tokenFor(token);
    const tellsConflict = conflict && token !== "held";
    const expected = await this.#judge(text, tellsConflict);
    replica.failures.next = fails;
    const wasBehind = replica.isBehind;
    this.#changes();
    const answer = await attempt(() => replica.refresh(text, tellsConflict));
    const didFail = fails !== undefined && replica.failures.next === undefined;
    replica.failures.next = undefined;
    if (!answer.ok) {
      const { reason } = answer.refusal;
      const isMistaken = replica.hasMissed || (wasBehind && reason === "token-unknown");
      const isExcused = replica.isBlind || didFail || isMistaken;
      if (expected.refresh === "answered" && !isExcused) throw new Error(`a refresh is refused as ${reason}`);
    }
    if (answer.ok) {
      if (replica.isBlind) throw new Error("a blind replica refreshed");
      if (expected.refresh === "refused") throw new Error("a refresh is answered that is to be refused");
      this.#leaves(answer.value.token.reveal());
    }
    if (token === "held") this.supervisor.wasAnswered(text, answer.ok && !lost ? answer.value.token : undefined);
    if (lost === "crash") await this.#restart(replica);
  }

  /** All at once; those who are answered have one answer. */
  async #race({ at, token, learning, delays }: Extract<Command, { do: "race" }>): Promise<void> {
    const text = this.#tokenFor(token);
    for (const { failures } of this.replicas) failures.delayBy(delays);
    this.#changes();
    const asked = at.map((which) => attempt(() => this.replicas[which].refresh(text)));
    const learned = learning ? this.replicas.map((replica) => replica.learn()) : [];
    const answers = await Promise.all(asked);
    await Promise.all(learned);
    for (const { failures } of this.replicas) failures.delayBy([]);
    this.#changes();
    const successors = new Set(answers.flatMap((answer) => (answer.ok ? [answer.value.token.reveal()] : [])));
    if (haveTwoLives([...successors], this.clock.now())) throw new Error("one token was answered with two successors");
    for (const successor of successors) this.#leaves(successor);
    if (token !== "held") return;
    const first = answers.find((answer) => answer.ok);
    this.supervisor.wasAnswered(text, first?.value.token);
  }

  async #call({ at, token, fails }: Extract<Command, { do: "call" }>): Promise<void> {
    const replica = this.replicas[at];
    const text = this.#tokenFor(token);
    replica.failures.next = fails;
    const verdict = await replica.call(text);
    const didFail = fails !== undefined && replica.failures.next === undefined;
    replica.failures.next = undefined;
    if (!verdict.ok && verdict.reason === "token-reused") this.#changes();
    const { isInTime, isCurrent, family } = await this.#judge(text);
    if (verdict.ok) {
      if (replica.isBlind) throw new Error("a blind replica served a call");
      if (!isCurrent && !replica.isBehind) throw new Error(`served, though the store says ${JSON.stringify(family)}`);
      // Others hear that it was presented.
      for (const other of this.replicas) if (other !== replica) other.isBehind = true;
      return;
    }
    // One that does not know yet that the store went back goes on with what it remembers.
    const isMistaken = replica.hasMissed || (replica.isBehind && verdict.reason === "token-unknown");
    const isExcused = replica.isBlind || didFail || isMistaken;
    if (isCurrent && isInTime && !isExcused) throw new Error(`the current token is refused as ${verdict.reason}`);
  }

  async #revoke(at: Which, what: "family" | "sandbox"): Promise<void> {
    const { tokens } = this.replicas[at];
    this.#changes();
    if (what === "sandbox") return void (await tokens.revokeSandbox(this.sandboxId, "operator"));
    const [family] = await this.#database.stores[at].families.ofSandbox(this.sandboxId);
    if (family) await tokens.revokeFamily(family.familyId, "operator");
  }

  /** Begins a family; its owner delivers it, at once or when it hears of it. */
  async #begin(at: Which): Promise<void> {
    this.#changes();
    const { token } = await this.replicas[at].tokens.issue(this.sandboxId, "started");
    this.#leaves(token.reveal());
    if (at === 0) await this.replicas[0].tokens.deliver(this.sandboxId);
  }

  async #restart(replica: Replica): Promise<void> {
    await replica.stop();
    await this.#start(replica);
  }

  /** At its start the owner compares the file with its family. */
  async #start(replica: Replica): Promise<void> {
    await replica.start();
    if (replica !== this.replicas[0]) return;
    const current = await replica.tokens.currentToken(this.sandboxId);
    if (current && !this.file.token?.equals(current)) await replica.tokens.deliver(this.sandboxId);
  }

  /** Whoever is served where all is known has what the store says, and not what somebody remembers. */
  async #demandCurrent(): Promise<void> {
    const { isCurrent, family } = await this.#judge(this.#tokenFor("held"));
    if (!isCurrent) throw new Error(`served, though the store says ${JSON.stringify(family)}`);
  }

  /** The file follows the family, whichever replica moved it, once its owner has heard. */
  async #demandFile(): Promise<void> {
    const current = await this.replicas[0].tokens.currentToken(this.sandboxId);
    if (!current) return;
    const isInFile = () => this.file.token?.equals(current) === true;
    for (let turn = 0; turn < 50 && !isInFile(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (!isInFile()) throw new Error("the file does not follow its family");
  }

  async #restore(): Promise<void> {
    const { restoresAtRest } = this.#database;
    if (restoresAtRest) for (const replica of this.replicas) await replica.stop();
    const isRestored = await this.#database.restore(this.sandboxId);
    if (restoresAtRest) for (const replica of this.replicas) await this.#start(replica);
    else if (isRestored) for (const replica of this.replicas) replica.miss();
  }

  /** What a keeper does for a sandbox without a session: the file becomes what the family says, or a new family begins. */
  async #keep({ tokens }: Replica): Promise<void> {
    const current = await tokens.currentToken(this.sandboxId);
    if (!current) return this.#begin(0);
    this.#leaves(current.reveal());
    if (!this.file.token?.equals(current)) await tokens.deliver(this.sandboxId);
  }

  async #note(act: () => Promise<unknown>): Promise<void> {
    this.#changes();
    await act();
    if (this.supervisor.held) this.#leaves(this.supervisor.held.reveal());
    if (this.file.token) this.#leaves(this.file.token.reveal());
  }

  /** What is to be expected of a token, by what the store says now. */
  async #judge(text: string, conflict = false): Promise<Judgement> {
    const families = await this.#database.stores[0].families.ofSandbox(this.sandboxId);
    return judge(text, families, this.clock.now(), conflict);
  }

  #tokenFor(which: number | "held"): string {
    const token = which === "held" ? this.supervisor.held?.reveal() : this.out.at(-1 - which);
    return token ?? this.out[0] ?? "";
  }

  #leaves(text: string): void {
    if (!this.out.includes(text)) this.out.push(text);
  }

  #changes(): void {
    for (const replica of this.replicas) replica.isBehind = true;
  }
}
