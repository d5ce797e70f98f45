import type { Command, Option } from "commander";

/** An option as a shell needs to know it. */
export interface Flag {
  /** As it is typed: `-o`, `--output`. */
  readonly spellings: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** A command as a shell needs to know it. */
export interface Node {
  /** The words that lead to it, without the program's name. */
  readonly path: readonly string[];
  readonly description: string;
  readonly children: readonly Node[];
  readonly flags: readonly Flag[];
  /** What its first argument may be, where that is one of a few words. */
  readonly choices: readonly string[];
}

function flag({ short, long, description, required, optional, argChoices }: Option): Flag {
  return {
    spellings: [short, long].filter((spelling) => spelling !== undefined),
    description,
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

/** Reads the commands and options from the program itself, so that completions say what it accepts. */
export function readTree(program: Command): Node {
  const shared = program.options.map(flag).filter(({ spellings }) => !spellings.includes("--version"));
  const help: Flag = { spellings: ["-h", "--help"], description: "show help", takesValue: false, choices: [] };
  const read = (command: Command, path: readonly string[]): Node => ({
    path,
    description: command.description(),
    children: command.commands.map((child) => read(child, [...path, child.name()])),
    flags: [...(command === program ? program.options.map(flag) : [...command.options.map(flag), ...shared]), help],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  });
  return read(program, []);
}

/** The node and all below it. */
export function everyNode(node: Node): Node[] {
  return [node, ...node.children.flatMap(everyNode)];
}

/** The spellings of all flags that take a value, anywhere: the word behind one is no command. */
export function valueFlags(root: Node): string[] {
  const flags = everyNode(root).flatMap(({ flags }) => flags);
  return [...new Set(flags.filter(({ takesValue }) => takesValue).flatMap(({ spellings }) => spellings))];
}
