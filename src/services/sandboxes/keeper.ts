import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { ComputeDriver } from "../../compute/index.ts";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { Family, RevocationCause, Tokens } from "../../tokens/index.ts";
import { forEachOf } from "./for-each-of.ts";
import type { SandboxLifecycle } from "./lifecycle.ts";
import { type Owns, ownsEverything } from "./ownership.ts";
import type { SandboxRegistry } from "./registry.ts";

export interface KeeperOptions {
  readonly registry: SandboxRegistry;
  readonly lifecycle: SandboxLifecycle;
  readonly tokens: Pick<Tokens, "onRevoked">;
  readonly driver: Pick<ComputeDriver, "delivery">;
  readonly clock: Clock;
  readonly log: Log;
  /** How often it looks, in milliseconds. */
  readonly everyMs: number;
  /** Which sandboxes are this replica's to look after; all where nothing is said. */
  readonly owns?: Owns;
}

/** Sandboxes that it works on at the same time: where something is to be done, and where it only looks, in callers' shade. */
const atOnce = { unsettled: 8, doubtful: 1 };

/** The phases of sandboxes that should have a session and have none. */
const withoutSession: ReadonlySet<SandboxPhase> = new Set([SandboxPhase.PROVISIONING, SandboxPhase.STARTING]);

/** What a family ends of that its sandbox is not to blame for: it gets a new one at once. */
const answered: ReadonlySet<RevocationCause> = new Set(["reuse", "key-revoked", "operator"]);

/**
 * Looks after sandboxes that cannot look after themselves (architecture, Delivery): one whose pushed token ran out
 * without a refresh (its supervisor was cut off, the machine slept), or was ended because somebody had stolen it, gets a
 * new family; a file that a failed delivery left behind is mended; and what else failed is tried again. It never
 * replaces a token that still lives, and gives none to a sandbox that is to have none.
 */
export class SandboxKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #owns: Owns;
  #timer: Disposable | undefined;
  #alarm: Disposable | undefined;
  #round: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#owns = options.owns ?? ownsEverything;
  }

  /** Begins to look, for the first time after one interval. */
  start(): void {
    const { tokens, driver } = this.#options;
    this.#wait();
    if (driver.delivery === "push") this.#alarm = tokens.onRevoked((family) => this.#answer(family));
  }

  /** Looks at every sandbox of this replica once. It never rejects. */
  async look(): Promise<void> {
    const { lifecycle, driver } = this.#options;
    await forEachOf(lifecycle.unsettled, atOnce.unsettled, (id) => lifecycle.settle(id));
    if (driver.delivery === "push") await forEachOf(this.#doubtful(), atOnce.doubtful, (id) => this.#mend(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    this.#alarm?.[Symbol.dispose]();
    await this.#round;
  }

  #wait(): void {
    if (this.#ended) return;
    const { clock, everyMs } = this.#options;
    this.#timer = clock.after(everyMs, () => {
      this.#round = this.look().then(() => this.#wait());
    });
  }

  /** A sandbox with a session has a token that lives, or its session's lease would have ended. */
  #doubtful(): SandboxId[] {
    const { registry, lifecycle } = this.#options;
    const unsettled = new Set(lifecycle.unsettled);
    const records = registry
      .list()
      .filter((sandbox) => withoutSession.has(sandbox.phase) && this.#mayHaveToken(sandbox.id))
      .filter(({ id }) => !unsettled.has(id));
    return records.map(({ id }) => id);
  }

  #answer({ sandboxId, revokedFor }: Family): void {
    if (!revokedFor || !answered.has(revokedFor) || !this.#mayHaveToken(sandboxId)) return;
    this.#round = Promise.all([this.#round, this.#mend(sandboxId)]).then(() => undefined);
  }

  async #mend(id: SandboxId): Promise<void> {
    const { lifecycle, log } = this.#options;
    try {
      const mended = await lifecycle.mendToken(id);
      if (mended) log.info({ sandbox_id: id }, "a sandbox had no token that was good; one was delivered");
    } catch (cause) {
      if (this.#mayHaveToken(id)) {
        log.warn({ sandbox_id: id, err: cause }, "a sandbox's token could not be mended yet");
      }
    }
  }

  /** Is it for this replica to see that the sandbox has a token? */
  #mayHaveToken(id: SandboxId): boolean {
    const { registry } = this.#options;
    const sandbox = registry.find(id);
    return sandbox !== undefined && this.#owns(sandbox) && registry.mayHaveToken(id);
  }
}
