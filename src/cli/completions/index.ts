/** Completion scripts for bash, zsh and fish, written from the program's own commands so that they cannot drift from them. */
import type { Command } from "commander";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { readTree } from "./tree.ts";
import { zshCompletion } from "./zsh.ts";

const writers = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export type Shell = keyof typeof writers;

export const shells = Object.keys(writers) as readonly Shell[];

/** The completion script of the program for a shell. */
export const completionScript = (program: Command, shell: Shell): string => writers[shell](readTree(program));
