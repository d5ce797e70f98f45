import { randomInt } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  type CreateSandboxRequest,
  type SandboxSpec,
  SandboxSpecSchema,
} from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { requireLabel } from "../../access/index.ts";
import { parseSandboxId } from "../../core/ids.ts";
import { Refusal } from "../../core/refusal.ts";
import { checkEnvironment } from "./check-environment.ts";
import { checkAnnotations, checkLabels } from "./check-labels.ts";
import { demand, shapeOf } from "./demand.ts";
import type { NewSandbox } from "./sandbox-record.ts";
import { requireWorkspace } from "./workspace.ts";

const logLevels = new Set(["", "trace", "debug", "info", "warn", "error"]);
const mostArguments = 1024;
const longestCommand = 128 * 1024;

/**
 * Reads what a user wants of a new sandbox. A sandbox without a name gets one.
 * @throws Refusal `request-invalid` that names the field, the value's shape and what was expected; `not-found` for a
 * workspace that is not there; `not-built` for what this gateway cannot give a sandbox.
 */
export function readCreateRequest(request: CreateSandboxRequest): NewSandbox {
  const { labels, annotations, spec = create(SandboxSpecSchema) } = request;
  const name = request.name === "" ? generateName() : request.name;
  requireLabel(name, "name");
  demand(parseSandboxId(name) === undefined, "name", "a name that cannot be taken for an id", "a UUID");
  const workspace = requireWorkspace(request.workspace);
  checkLabels(labels, "labels");
  checkAnnotations(annotations, "annotations");
  checkSpec(spec);
  return { name, workspace, spec, labels, annotations };
}

function checkSpec(spec: SandboxSpec): void {
  const { logLevel, environment, template, command, providers, resourceRequirements } = spec;
  demand(
    logLevels.has(logLevel.toLowerCase()),
    "spec.log_level",
    "trace, debug, info, warn or error",
    shapeOf(logLevel),
  );
  checkEnvironment(environment, "spec.environment");
  checkEnvironment(template?.environment ?? {}, "spec.template.environment");
  checkLabels(template?.labels ?? {}, "spec.template.labels");
  checkAnnotations(template?.annotations ?? {}, "spec.template.annotations");
  checkCommand(command);
  if (providers.length > 0) throw notBuilt("spec.providers", "attach providers");
  if (resourceRequirements?.gpu) throw notBuilt("spec.resource_requirements.gpu", "give sandboxes a GPU");
}

function checkCommand(command: readonly string[]): void {
  const field = "spec.command";
  demand(command.length <= mostArguments, field, `at most ${mostArguments} words`, `${command.length}`);
  demand(command[0] !== "", field, "a program first", "nothing");
  const length = command.reduce((sum, word) => sum + word.length, 0);
  demand(length <= longestCommand, field, `at most ${longestCommand} characters in all`, `${length}`);
  demand(!command.some((word) => word.includes("\0")), field, "words without NUL characters", "one with them");
}

const notBuilt = (field: string, ability: string) =>
  new Refusal("not-built", { says: `${field}: this gateway does not ${ability} yet` });

/** Without vowels and look-alikes, so that it neither spells a word nor is misread. */
const letters = "bcdfghjkmnpqrstvwxz23456789";

const generateName = () => `sandbox-${Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("")}`;
