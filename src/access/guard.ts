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
  /** Authorises a request or a stream's first frame. Undefined where the method scopes no sandbox, or an optional field is empty. */
  scope(message: Message, entry: Entry): Promise<ScopedSandbox | undefined>;
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
  async function reach(reference: ReadReference, entry: Entry): Promise<KnownSandbox> {
    const { principal } = entry;
    if (principal.kind === "sandbox") return reachOwn(reference, entry, principal);
    const known = await find(directory, reference);
    if (!known) throw new Refusal("sandbox-missing");
    return known;
  }

  /** Nobody looks for what a sandbox names, but for itself. */
  async function reachOwn(
    reference: ReadReference,
    entry: Entry,
    { sandboxId }: SandboxPrincipal,
  ): Promise<KnownSandbox> {
    if (reference.by === "id" && reference.text !== sandboxId) return refuseOther(entry, reference.text);
    const known = await directory.byId(sandboxId);
    if (reference.by === "name" && !(known && isNamed(known, reference))) {
      return refuseOther(entry, `${reference.workspace}/${reference.text}`);
    }
    if (!known) throw new Refusal("sandbox-missing");
    return known;
  }

  function confirmAlso(also: readonly ReadReference[], sandbox: KnownSandbox, entry: Entry): void {
    for (const reference of also) {
      const same = reference.by === "id" ? reference.text === sandbox.id : isNamed(sandbox, reference);
      if (same) continue;
      if (entry.principal.kind === "sandbox") refuseOther(entry, reference.text);
      throw new Refusal("request-invalid", { says: `${reference.spelled}: names another sandbox than the request` });
    }
  }

  return {
    async scope(message, entry) {
      if (row.sandbox === undefined) return undefined;
      if (row.sandbox.from === "principal") return grantScope(await own(directory, entry.principal));
      const reference = readers.primary(message);
      if (reference === undefined || reference.text === "") {
        if (!row.sandbox.optional) requireLabel("", readers.spelled);
        if (entry.principal.kind === "sandbox") throw new Refusal("sandbox-global-config");
        return undefined;
      }
      requireLabel(reference.text, reference.spelled);
      if (reference.by === "name") requireLabel(reference.workspace, "workspace");
      const known = await reach(reference, entry);
      confirmAlso(readers.also(message), known, entry);
      return grantScope(known);
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

async function own(directory: SandboxDirectory, principal: Principal): Promise<KnownSandbox> {
  if (principal.kind !== "sandbox") throw new Refusal("sandbox-principal-required");
  const known = await directory.byId(principal.sandboxId);
  if (!known) throw new Refusal("sandbox-missing");
  return known;
}

async function find(directory: SandboxDirectory, reference: ReadReference): Promise<KnownSandbox | undefined> {
  if (reference.by === "name") return directory.byName(reference.workspace, reference.text);
  const id = parseSandboxId(reference.text);
  return id === undefined ? undefined : directory.byId(id);
}

function isNamed(sandbox: KnownSandbox, { text, workspace }: ReadReference): boolean {
  return text === sandbox.name && (workspace || defaultWorkspace) === sandbox.workspace;
}
