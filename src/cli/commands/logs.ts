import { type Command, Option } from "commander";
import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import type { Cli, Gateway } from "../cli.ts";
import { type Colour, type Paint, printable } from "../output/index.ts";
import { repeatedChoice, span, wholeNumber } from "./parsers.ts";
import { identify, isoTime } from "./sandbox/index.ts";

interface LogsOptions {
  readonly n: number;
  readonly tail?: boolean;
  readonly since?: number;
  readonly source?: readonly string[];
  readonly level?: string;
}

const sources = ["all", "gateway", "sandbox"];

const levelColours: Readonly<Record<string, Colour>> = { ERROR: "red", WARN: "yellow", DEBUG: "dim", TRACE: "dim" };

/** One line for one log line: time, level, source, target, message, then fields as `key=value`. */
function formatLogLine(line: SandboxLogLine, paint: Paint): string {
  const level = line.level.toUpperCase();
  const colour = levelColours[level];
  const shown = printable(level).padEnd(5);
  const fields = Object.entries(line.fields).map(([key, value]) => `${key}=${value}`);
  const rest = [line.source, line.target && `${line.target}:`, line.message, ...fields].filter(Boolean).join(" ");
  const time = isoTime(line.timestampMs) ?? "-";
  return `${time} ${colour ? paint(colour, shown) : shown} ${printable(rest)}`.trimEnd();
}

interface Wanted {
  readonly id: string;
  readonly lines: number;
  /** Milliseconds since the epoch; 0 for all. */
  readonly sinceMs: bigint;
  readonly sources: string[];
  readonly minLevel: string;
}

async function* stored(
  { client, unary, workspace }: Gateway,
  { id, ...wanted }: Wanted,
): AsyncIterable<SandboxLogLine> {
  yield* (await client.getSandboxLogs({ ...wanted, sandboxId: id, workspace }, unary)).logs;
}

async function* followed(cli: Cli, { client }: Gateway, wanted: Wanted): AsyncIterable<SandboxLogLine> {
  const { signal } = cli.surroundings;
  const request = {
    id: wanted.id,
    followLogs: true,
    logTailLines: wanted.lines,
    logSinceMs: wanted.sinceMs,
    logSources: wanted.sources,
    logMinLevel: wanted.minLevel,
  };
  try {
    for await (const { payload } of client.watchSandbox(request, { signal })) {
      if (payload.case === "log") yield payload.value;
      else if (payload.case === "warning") cli.tell(`warning: ${payload.value.message}`);
    }
  } catch (thrown) {
    // Interrupting is how a user ends it, so that it is no failure.
    if (!signal.aborted) throw thrown;
  }
}

async function logs(cli: Cli, given: string | undefined, options: LogsOptions): Promise<void> {
  const { clock, stdout } = cli.surroundings;
  const route = await cli.route();
  const name = await cli.sandboxName(given, route.target);
  await cli.withGateway(async (gateway) => {
    const { client, unary, workspace, target } = gateway;
    const { id } = identify((await client.getSandbox({ name, workspace }, unary)).sandbox);
    await cli.remember(name, target);
    const wanted: Wanted = {
      id,
      lines: options.n,
      sinceMs: options.since === undefined ? 0n : BigInt(clock.now() - options.since),
      sources: options.source && !options.source.includes("all") ? [...options.source] : [],
      minLevel: options.level ?? "",
    };
    const lines = options.tail ? followed(cli, gateway, wanted) : stored(gateway, wanted);
    for await (const line of lines) stdout.write(`${formatLogLine(line, cli.paint)}\n`);
  }, route);
}

export function addLogs(parent: Command, cli: Cli): void {
  parent
    .command("logs")
    .description("print a sandbox's logs")
    .argument("[name]", "the sandbox (default: the one used last)")
    .option("-n <count>", "how many lines, the newest", wholeNumber(1, 100_000), 200)
    .option("--tail", "go on with new lines until interrupted")
    .option("--since <span>", "those of the last 30s, 5m, 1h30m …", span)
    .addOption(
      new Option("--source <source>", "where they come from; may be repeated")
        .choices(sources)
        .argParser(repeatedChoice(sources)),
    )
    .addOption(
      new Option("--level <level>", "this level and graver ones").choices(["error", "warn", "info", "debug", "trace"]),
    )
    .action((name: string | undefined, options: LogsOptions) => logs(cli, name, options));
}
