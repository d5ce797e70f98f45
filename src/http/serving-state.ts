import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { describeFailure } from "./describe-failure.ts";
import type { Draining } from "./draining.ts";

/** Whether calls can be served now, and what that depends on. */
export interface Readiness {
  readonly ready: boolean;
  /** By the name of what was checked, for instance `database`: `ok`, or what is wrong with it. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface ServingStateOptions {
  readonly readiness: () => Promise<Readiness>;
  readonly draining: Draining;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long one answer serves all who ask, in milliseconds; strangers may ask. */
const freshMs = 1_000;
/** How long the checks may take. */
const patienceMs = 5_000;

/** What probes are told: the gateway's own checks, and that it is not ready once it drains (requirements G3, G5). */
export class ServingState {
  readonly #options: ServingStateOptions;
  #latest: { readonly until: number; readonly readiness: Promise<Readiness> } | undefined;

  constructor(options: ServingStateOptions) {
    this.#options = options;
  }

  /** Never rejects: checks that fail or hang make it not ready. */
  async now(): Promise<Readiness> {
    const { clock, draining } = this.#options;
    if (draining.begun) return { ready: false, checks: { gateway: "shutting down" } };
    if (!this.#latest || this.#latest.until <= clock.monotonic()) {
      this.#latest = { until: clock.monotonic() + freshMs, readiness: this.#check() };
    }
    const readiness = await this.#latest.readiness;
    return draining.begun ? { ready: false, checks: { ...readiness.checks, gateway: "shutting down" } } : readiness;
  }

  async #check(): Promise<Readiness> {
    const { clock, log, readiness } = this.#options;
    const late = Promise.withResolvers<Readiness>();
    using _patience = clock.after(patienceMs, () =>
      late.resolve({ ready: false, checks: { gateway: `the checks took longer than ${patienceMs} ms` } }),
    );
    try {
      return await Promise.race([readiness(), late.promise]);
    } catch (error) {
      log.error({ error: describeFailure(error) }, "the readiness checks failed");
      return { ready: false, checks: { gateway: "the checks failed" } };
    }
  }
}
