import type { KnownSandbox, SandboxDirectory } from "../../access/index.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { SandboxStore } from "../../store/index.ts";
import type { SandboxRegistry } from "../sandboxes/index.ts";
import type { Followers } from "./follower-of.ts";

export interface AskingDirectoryOptions {
  readonly registry: SandboxRegistry;
  readonly store: Pick<SandboxStore, "findNamed">;
  readonly configuration: Followers["configuration"];
  readonly sessions: Followers["sessions"];
}

/**
 * Finds sandboxes in memory, and asks the store for one that is not there: another replica may have made it, and answered
 * whoever asks for it here, a moment ago. What is found is known from then on.
 * @throws Refusal `store-unavailable`, as nobody can say then that there is none.
 */
export function askingDirectory({
  registry,
  store,
  configuration,
  sessions,
}: AskingDirectoryOptions): SandboxDirectory {
  async function ask(id: SandboxId): Promise<KnownSandbox | undefined> {
    await configuration.learn([id]);
    await registry.follower.learn([id]);
    await sessions.learn([id]);
    return registry.byId(id);
  }
  return {
    byId: (id) => (registry.find(id) ? registry.byId(id) : ask(id)),
    byName(workspace, name) {
      if (registry.isNamed(workspace, name)) return registry.byName(workspace, name);
      return store.findNamed(workspace, name).then((found) => found && ask(found.id));
    },
  };
}
