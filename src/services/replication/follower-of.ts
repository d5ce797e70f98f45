import type { FamilyId, SandboxId } from "../../core/ids.ts";
import type { Change, ConfigScope, Follower } from "../../store/index.ts";

/** What keeps one kind of thing in memory true; both methods reject with what the store rejects with. */
interface KindFollower<Id> {
  /** Reads all of them. */
  reload(): Promise<void>;
  /** Reads these, of which any may be gone. */
  learn(ids: readonly Id[]): Promise<void>;
}

export interface Followers {
  readonly families: KindFollower<FamilyId>;
  readonly configuration: KindFollower<ConfigScope>;
  readonly sandboxes: KindFollower<SandboxId>;
  readonly sessions: KindFollower<SandboxId>;
}

/**
 * Gives each kind of change to whom it concerns. Families go first and wait for nothing, as revocations are among them. A
 * sandbox is known only once its configuration is, and has a session only once it is known.
 */
export function followerOf({ families, configuration, sandboxes, sessions }: Followers): Follower {
  return {
    async reload() {
      const secondary = async () => {
        await configuration.reload();
        await sandboxes.reload();
        await sessions.reload();
      };
      await Promise.all([families.reload(), secondary()]);
    },
    async learn(changes) {
      const of = <K extends Change["kind"]>(kind: K) => idsOf(changes, kind);
      const secondary = async () => {
        await tell(configuration, of("config"));
        await tell(sandboxes, of("sandbox"));
        await tell(sessions, of("session"));
      };
      await Promise.all([tell(families, of("family")), secondary()]);
    },
  };
}

type IdOf<K extends Change["kind"]> = Extract<Change, { readonly kind: K }>["id"];

function idsOf<K extends Change["kind"]>(changes: readonly Change[], kind: K): IdOf<K>[] {
  return changes.filter((change) => change.kind === kind).map((change) => change.id as IdOf<K>);
}

async function tell<Id>(follower: KindFollower<Id>, ids: readonly Id[]): Promise<void> {
  if (ids.length > 0) await follower.learn(ids);
}
