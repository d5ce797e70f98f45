/** What is wrong with the configuration, all of it. Every problem names where it stands and holds no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["the configuration cannot be used:", ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.problems = problems;
  }
}

/** Collects problems, so that an operator sees all of them at once. */
export class Problems {
  readonly #found: string[] = [];

  /** @param where the flag, the variable, or the key's path and its file */
  add(where: string, what: string): void {
    this.#found.push(`${where}: ${what}`);
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** @throws ConfigError where something was found */
  throwIfAny(): void {
    if (this.any) throw new ConfigError(this.#found);
  }
}
