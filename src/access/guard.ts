import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Audit } from "../core/audit.ts";
import { parseSandboxId } from "../core/ids.ts";
import type { Principal, SandboxPrincipal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import { grantScope, type ScopedSandbox } from "../core/scoped-sandbox.ts";
import type { AuthorizationRow } from "./authorization.ts";
import type { KnownSandbox, SandboxDirectory } from "./directory.ts";
import type { Entry } from "./entry.ts";
import { nameOf } from "./principal-name.ts";
import { type ReadReference, referenceReaders } from "./reference-readers.ts";
import { defaultWorkspace, requireLabel } from "./sandbox-name.ts";

/** Checks, for one method, which sandbox its messages name and whether the caller may reach it (requirements S1, S3). */
export interface MethodGuard {
  /** Authorises a request or a stream's first frame. Undefined where the method scopes no sandbox, or an optional field is empty. Throws a `Refusal`, or rejects with one where the directory had to be waited for. */
  scope(message: Message, entry: Entry): ScopedSandbox | undefined | Promise<ScopedSandbox | undefined>;
  /** Demands of a later frame that whatever it names is the sandbox that the first frame named. */
  confirm(message: Message, entry: Entry, sandbox: ScopedSandbox | undefined): void;
}

export interface GuardOptions {
  readonly directory: SandboxDirectory;
  readonly audit: Audit;
}

/** Makes the guard of one method. A caller cannot tell another sandbox from one that does not exist. */
export function guardMethod(
  method: DescMethod,
  row: AuthorizationRow,
  { directory, audit }: GuardOptions,
): MethodGuard {
  const readers = referenceReaders(method.input, row);
  const fullName = `${method.parent.typeName}/${method.name}`;

  function refuseOther(entry: Entry, requested: string): never {
    audit({
      event: "access.cross-sandbox",
      principal: nameOf(entry.principal),
      ...(entry.principal.kind === "sandbox" && { sandboxId: entry.principal.sandboxId }),
      requested: requested.slice(0, 128),
      method: fullName,
      reason: "other-sandbox",
      peer: entry.peer,
    });
    throw new Refusal("other-sandbox", { facts: { requested: requested.slice(0, 128) } });
  }

  /** The sandbox that a reference names, if there is one and the caller may reach it. */
  function reach(reference: ReadReference, entry: Entry): KnownSandbox | Promise<KnownSandbox> {
    const { principal } = entry;
    if (principal.kind === "sandbox") return reachOwn(reference, entry, principal);
    const known = find(directory, reference);
    return known instanceof Promise ? known.then(demandKnown) : demandKnown(known);
  }

  /** Nobody looks for what a sandbox names, but for itself. */
  function reachOwn(
    reference: ReadReference,
    entry: Entry,
    { sandboxId }: SandboxPrincipal,
  ): KnownSandbox | Promise<KnownSandbox> {
    if (reference.by === "id" && reference.text !== sandboxId) refuseOther(entry, reference.text);
    const known = directory.byId(sandboxId);
    return known instanceof Promise
      ? known.then((found) => demandMeant(found, reference, entry))
      : demandMeant(known, reference, entry);
  }

  /** The calling sandbox, if it is the one that it named. */
  function demandMeant(known: KnownSandbox | undefined, reference: ReadReference, entry: Entry): KnownSandbox {
    if (reference.by === "name" && !(known && isNamed(known, reference))) {
      refuseOther(entry, `${reference.workspace}/${reference.text}`);
    }
    return demandKnown(known);
  }

  function confirmAlso(also: readonly ReadReference[], sandbox: KnownSandbox, entry: Entry): void {
    for (const reference of also) {
      const same = reference.by === "id" ? reference.text === sandbox.id : isNamed(sandbox, reference);
      if (same) continue;
      if (entry.principal.kind === "sandbox") refuseOther(entry, reference.text);
      throw new Refusal("request-invalid", { says: `${reference.spelled}: names another sandbox than the request` });
    }
  }

  function grant(known: KnownSandbox, message: Message, entry: Entry): ScopedSandbox {
    confirmAlso(readers.also(message), known, entry);
    return grantScope(known);
  }

  return {
    scope(message, entry) {
      if (row.sandbox === undefined) return undefined;
      if (row.sandbox.from === "principal") {
        const known = own(directory, entry.principal);
        return known instanceof Promise ? known.then(grantScope) : grantScope(known);
      }
      const reference = readers.primary(message);
      if (reference === undefined || reference.text === "") {
        if (!row.sandbox.optional) requireLabel("", readers.spelled);
        if (entry.principal.kind === "sandbox") throw new Refusal("sandbox-global-config");
        return undefined;
      }
      if (!isOwnId(reference, entry.principal)) requireLabel(reference.text, reference.spelled);
      if (reference.by === "name") requireLabel(reference.workspace, "workspace");
      const known = reach(reference, entry);
      return known instanceof Promise
        ? known.then((found) => grant(found, message, entry))
        : grant(known, message, entry);
    },
    confirm(message, entry, sandbox) {
      if (sandbox === undefined) return;
      const reference = readers.primary(message);
      if (reference !== undefined) {
        requireLabel(reference.text, reference.spelled);
        confirmAlso([reference], sandbox, entry);
      }
      confirmAlso(readers.also(message), sandbox, entry);
    },
  };
}

function own(directory: SandboxDirectory, principal: Principal): KnownSandbox | Promise<KnownSandbox> {
  if (principal.kind !== "sandbox") throw new Refusal("sandbox-principal-required");
  const known = directory.byId(principal.sandboxId);
  return known instanceof Promise ? known.then(demandKnown) : demandKnown(known);
}

function demandKnown(known: KnownSandbox | undefined): KnownSandbox {
  if (!known) throw new Refusal("sandbox-missing");
  return known;
}

function find(directory: SandboxDirectory, reference: ReadReference): ReturnType<SandboxDirectory["byId"]> {
  if (reference.by === "name") return directory.byName(reference.workspace, reference.text);
  const id = parseSandboxId(reference.text);
  return id === undefined ? undefined : directory.byId(id);
}

/** Whether a sandbox names itself by its id, which surely is spelled as ids are. */
function isOwnId({ by, text }: ReadReference, principal: Principal): boolean {
  return by === "id" && principal.kind === "sandbox" && text === principal.sandboxId;
}

function isNamed(sandbox: KnownSandbox, { text, workspace }: ReadReference): boolean {
  return text === sandbox.name && (workspace || defaultWorkspace) === sandbox.workspace;
}
