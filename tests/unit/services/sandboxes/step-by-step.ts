import fc from "fast-check";

/**
 * Lets a test decide in which order things happen that run at the same time. Whoever calls {@link Steps.reach} waits there
 * until the test lets it go on, so that every order of a few callers' steps can be tried, one after the other.
 */
export class Steps {
  readonly #waiting: { readonly name: string; readonly go: () => void }[] = [];
  #free = true;

  /** Waits to be let go on; not at all while nobody schedules. */
  reach(name: string): Promise<void> {
    if (this.#free) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ name, go }));
  }

  /**
   * Runs `begin`, then lets one waiting step go on after the other, as `choose` says (given how many wait), until all that
   * `begin` began has ended and nobody waits. Resolves to the steps in their order.
   */
  async run(begin: () => Promise<unknown>, choose: (waiting: number) => number): Promise<string[]> {
    const order: string[] = [];
    this.#free = false;
    let over = false;
    const all = begin().finally(() => {
      over = true;
    });
    for (;;) {
      await this.#quiet();
      const next = this.#waiting.splice(choose(this.#waiting.length), 1)[0];
      if (next) {
        order.push(next.name);
        next.go();
      } else if (over) break;
      else if (order.length > 500) throw new Error(`no end: ${order.join(", ")}`);
    }
    this.#free = true;
    await all;
    return order;
  }

  /** Until nothing moves but what waits here. */
  async #quiet(): Promise<void> {
    for (let turns = 0, seen = -1; turns < 6; turns += 1) {
      if (this.#waiting.length !== seen) [turns, seen] = [0, this.#waiting.length];
      await new Promise(setImmediate);
    }
  }
}

/** Tries a scenario in every order of its steps. The scenario is begun anew for each; returns how many there were. */
export async function inEveryOrder(scenario: (choose: (waiting: number) => number) => Promise<void>): Promise<number> {
  const path: { taken: number; of: number }[] = [];
  for (let orders = 1; ; orders += 1) {
    let depth = 0;
    await scenario((waiting) => {
      if (waiting === 0) return 0;
      path[depth] ??= { taken: 0, of: waiting };
      const here = path[depth++];
      return here?.taken ?? 0;
    });
    path.length = depth;
    let last = path.at(-1);
    while (last && last.taken + 1 >= last.of) {
      path.pop();
      last = path.at(-1);
    }
    if (!last) return orders;
    last.taken += 1;
  }
}

/** Numbers for {@link byChance}. */
export const chances = fc.array(fc.nat(20), { minLength: 60, maxLength: 60 });

/** Steps by chance, which a property's own numbers decide. */
export function byChance(choices: readonly number[]): (waiting: number) => number {
  let at = 0;
  return (waiting) => (waiting === 0 ? 0 : (choices[at++ % choices.length] ?? 0) % waiting);
}
