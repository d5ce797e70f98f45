import { expect, test } from "vitest";
import { Cli } from "../../../../src/cli/cli.ts";
import { everyNode, readTree } from "../../../../src/cli/completions/tree.ts";
import { addCommands, createProgram } from "../../../../src/cli/program.ts";
import { systemClock } from "../../../../src/core/clock.ts";

const output = { write: () => true };
const signal = new AbortController().signal;
const program = createProgram("1", { stdout: output, stderr: output });
addCommands(
  program,
  new Cli({ env: {}, stdout: output, stderr: output, signal, clock: systemClock, isTty: false }, [], () => ({})),
);
const commands = new Map(everyNode(readTree(program)).map((node) => [node.path.join(" "), node]));
const globals = "-g --gateway --gateway-endpoint --gateway-insecure --workspace -v";

/** What users' fingers and scripts know: the spelling of OpenShell's own command line, and after it what is ours. */
test.each([
  ["", globals],
  ["status", "-o --output"],
  ["whoami", "-o --output"],
  ["logs", "-n --tail --since --source --level"],
  ["completions", ""],
  ["gateway add", "--name --remote --local --oidc-issuer --oidc-client-id --oidc-audience --oidc-scopes"],
  ["gateway remove", ""],
  ["gateway select", ""],
  ["gateway info", "-o --output"],
  ["gateway list", "-o --output"],
  [
    "sandbox create",
    "--name --from --cpu --memory --gpu --driver-config-json --tty --no-tty --detach --label --env --approval-mode -o --output",
  ],
  ["sandbox get", "--policy-only -o --output"],
  ["sandbox list", "--limit --offset --ids --names --selector --all-workspaces -o --output"],
  ["sandbox delete", "--all"],
  ["sandbox stop", ""],
  ["sandbox start", ""],
  ["sandbox revoke", "--no-renew -o --output"],
  ["token list", "--limit --offset --all-workspaces -o --output"],
  ["token revoke", "-o --output"],
])("openshell %s takes %s", (path, spellings) => {
  const known = commands.get(path)?.flags.flatMap((flag) => flag.spellings);
  expect(known).toEqual(expect.arrayContaining(`${globals} ${spellings}`.trim().split(" ")));
});

test("every option and command says what it is for", () => {
  for (const { path, description, flags } of commands.values()) {
    expect(description, path.join(" ")).not.toBe("");
    for (const { spellings, description } of flags) expect(description, `${path.join(" ")} ${spellings}`).not.toBe("");
  }
});
