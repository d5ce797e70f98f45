import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";
import { completionScript, type Shell, shells } from "../completions/index.ts";

export function addCompletions(parent: Command, cli: Cli): void {
  parent
    .command("completions")
    .description("print a completion script; bash: source <(openshell completions bash)")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .action((shell: Shell) => {
      cli.surroundings.stdout.write(completionScript(parent, shell));
    });
}
