import { type Command, Option } from "commander";

/** What a command line of `openshell-gateway keys` asks for. */
export type KeysPlan = {
  readonly command: "keys";
  /** Undefined means the directory where the gateway looks for its signing key. */
  readonly directory: string | undefined;
} & (
  | { readonly action: "list"; readonly output: "table" | "json" }
  | {
      readonly action: "prepare" | "activate" | "retire" | "revoke";
      readonly keyId: string | undefined;
      readonly force: boolean;
    }
);

type ChangingAction = Exclude<KeysPlan["action"], "list">;

const says: Record<ChangingAction, string> = {
  prepare: "Make the key that signs next. Gateways publish it and verify with it; it does not sign yet.",
  activate: "Let the prepared key sign. The active one verifies from then on, and signs no more.",
  retire: "Take keys out of the ring that verify nothing any more that is still good.",
  revoke: "Take a key out of the ring at once, and end all tokens that it signed.",
};

const kidSays: Partial<Record<ChangingAction, string>> = {
  activate: "this key, for instance a retiring one again",
  retire: "this key; without it, all whose time is over",
  revoke: "this key",
};

const forceSays: Partial<Record<ChangingAction, string>> = {
  activate: "do not wait until every replica knows the key",
  retire: "do not wait until all that the key signed has expired",
  revoke: "also a key that these files do not have",
};

/** Adds `keys` and what belongs to it (requirement T2). */
export function addKeysCommand(program: Command, decide: (plan: KeysPlan) => void): void {
  const keys = program
    .command("keys")
    .description("Show or change the ring of keys that sign sandbox tokens. Gateways that serve follow by themselves.");
  const add = (action: KeysPlan["action"], description: string) =>
    keys
      .command(action)
      .description(description)
      .allowExcessArguments(false)
      .option("--dir <path>", "where the keys are; without it, where the gateway looks for them");

  add("list", "Show the keys, their states and what may be done with them.")
    .addOption(new Option("-o, --output <format>", "how").choices(["table", "json"]).default("table"))
    .action(({ dir: directory, output }) => decide({ command: "keys", action: "list", directory, output }));

  for (const action of ["prepare", "activate", "retire", "revoke"] as const) {
    const command = add(action, says[action]);
    const [kid, force] = [kidSays[action], forceSays[action]];
    if (kid) command.addOption(new Option("--kid <id>", kid).makeOptionMandatory(action === "revoke"));
    if (force) command.option("--force", force);
    command.action(({ dir: directory, kid: keyId, force: isForced = false }) =>
      decide({ command: "keys", action, directory, keyId, force: isForced }),
    );
  }
}
