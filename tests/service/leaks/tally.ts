/** Counts by name. */
export class Tally {
  readonly #counts: Record<string, number> = {};

  add(name: string, count: number): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + count;
  }

  get total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }
}
