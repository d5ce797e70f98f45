import { type Sandbox, SandboxPhase, SandboxPhaseSchema } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { Failure } from "../../failure.ts";
import type { Cell, Colour } from "../../output/index.ts";
import { enumName } from "../wire.ts";

/** A phase as people say it, such as `Ready`. A phase of a newer gateway is its number. */
export function phaseName(phase: SandboxPhase): string {
  const name = enumName(SandboxPhaseSchema, phase);
  return name.charAt(0) + name.slice(1).toLowerCase();
}

const colours: Partial<Record<SandboxPhase, Colour>> = {
  [SandboxPhase.READY]: "green",
  [SandboxPhase.ERROR]: "red",
  [SandboxPhase.PROVISIONING]: "yellow",
  [SandboxPhase.STARTING]: "yellow",
  [SandboxPhase.STOPPING]: "yellow",
  [SandboxPhase.DELETING]: "yellow",
  [SandboxPhase.STOPPED]: "dim",
};

export function phaseCell(phase: SandboxPhase): Cell {
  const text = phaseName(phase);
  const colour = colours[phase];
  return colour ? { text, colour } : text;
}

/** What identifies a sandbox, from an answer that must hold it. */
export interface Identified {
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
  readonly phase: SandboxPhase;
  readonly sandbox: Sandbox;
}

/** @throws Failure where the gateway's answer names no sandbox */
export function identify(sandbox: Sandbox | undefined): Identified {
  const { id = "", name = "", workspace = "" } = sandbox?.metadata ?? {};
  if (!sandbox || !id || !name) throw new Failure("the gateway's answer holds no sandbox with an id and a name");
  return { id, name, workspace, phase: sandbox.status?.phase ?? SandboxPhase.UNSPECIFIED, sandbox };
}

/** A wire time (milliseconds since the epoch, 0 for none) in ISO 8601, or undefined. */
export function isoTime(ms: bigint): string | undefined {
  const date = new Date(Number(ms));
  return ms > 0n && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

const pairs = (map: Readonly<Record<string, string>>): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");

/** The properties of a sandbox that a person asks for first. */
export function sandboxProperties({ id, name, workspace, phase, sandbox }: Identified): (readonly [string, Cell])[] {
  const notReady = sandbox.status?.conditions.filter(({ status }) => status === "False") ?? [];
  return [
    ["Name", name],
    ["Id", id],
    ["Workspace", workspace],
    ["Phase", phaseCell(phase)],
    ["Created", isoTime(sandbox.metadata?.createdAtMs ?? 0n) ?? ""],
    ["Labels", pairs(sandbox.metadata?.labels ?? {})],
    ["Image", sandbox.spec?.template?.image ?? ""],
    ["Command", sandbox.spec?.command.join(" ") ?? ""],
    ["Exit code", sandbox.status?.exitCode === undefined ? "" : String(sandbox.status.exitCode)],
    ...notReady.map(
      ({ type, reason, message }) => ["Condition", `${type}: ${[reason, message].filter(Boolean).join(", ")}`] as const,
    ),
  ];
}
