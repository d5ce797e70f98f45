import type { Command } from "commander";
import { addFlags, type Given } from "./flag-options.ts";
import type { Flags } from "./read-settings.ts";

/** What a command line asks of the database. */
export type DatabasePlan = {
  /** The flags that say which database it is, as `serve` has them. */
  readonly flags: Flags;
} & (
  | { readonly command: "migrate" }
  | { readonly command: "backup"; readonly to: string }
  | { readonly command: "restore"; readonly from: string }
);

/** Adds the commands that look after the database. They find it as `serve` does. */
export function addDatabaseCommands(program: Command, decide: (plan: DatabasePlan) => void): void {
  const add = (name: DatabasePlan["command"], description: string) => {
    const command = program.command(name).description(description).allowExcessArguments(false);
    return { command, flagsOf: addFlags(command, ["config", "stateDir", "databaseUrl"]) };
  };

  const migrate = add("migrate", "Bring the database's schema up to date, as every start does, and say what was done.");
  migrate.command.action((given: Given) => decide({ command: "migrate", flags: migrate.flagsOf(given) }));

  const backup = add("backup", "Copy a SQLite database while the gateway serves. The copy is of one moment.");
  backup.command
    .requiredOption("--to <file>", "the copy, a file that is not there yet")
    .action(({ to, ...given }: Given & { to: string }) =>
      decide({ command: "backup", to, flags: backup.flagsOf(given) }),
    );

  const restore = add("restore", "Put a copy in a SQLite database's place, while no gateway uses it. Nothing is lost.");
  restore.command
    .requiredOption("--from <file>", "the copy")
    .action(({ from, ...given }: Given & { from: string }) =>
      decide({ command: "restore", from, flags: restore.flagsOf(given) }),
    );
}
