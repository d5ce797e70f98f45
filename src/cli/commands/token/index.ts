/** `openshell token …`: which credentials sandboxes have, never the credentials themselves; for administrators. */
import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { addTokenList } from "./list.ts";
import { addTokenRevoke } from "./revoke.ts";

export function addToken(parent: Command, cli: Cli): void {
  const token = parent.command("token").description("list and revoke the token families of sandboxes");
  for (const add of [addTokenList, addTokenRevoke]) add(token, cli);
}
