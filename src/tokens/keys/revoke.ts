import { type Change, type Command, inState, timeOf, unknownKey, without } from "./change.ts";
import { newKey } from "./prepare.ts";
import type { StoredRing } from "./stored-ring.ts";

/**
 * Takes a key out of the ring at once, whatever its state, and with it all tokens that it signed. Where it was the
 * active one, the next one signs at once, or a new one where none was prepared: a leaked key is worse than a replica that
 * has to catch up.
 */
export const revoke: Command = (ring, { now, keyId, force }) => {
  if (keyId === undefined) throw new Error("which key? Say --kid");
  const gone = ring.gone.find((key) => key.keyId === keyId);
  if (gone?.state === "revoked") {
    return { ring, says: `key ${keyId} was revoked at ${timeOf(gone.since)}; nothing was changed` };
  }
  const key = ring.keys.find((one) => one.keyId === keyId);
  if (!key && !gone && !force) {
    return unknownKey(
      ring,
      keyId,
      "To end a key that gateways still keep because its files were replaced, say --force",
    );
  }
  const rest = without(ring, [keyId], "revoked", now);
  const says = `key ${keyId} is revoked: all tokens that it signed end now, and their sandboxes get new ones.`;
  return key?.state === "active" ? replaced(rest, says, now) : { ring: rest, says };
};

function replaced(ring: StoredRing, says: string, now: number): Change {
  const next = ring.keys.find(({ state }) => state === "next");
  const active = next ? inState(next, "active", now) : newKey("active", now);
  const keys = [active, ...ring.keys.filter((key) => key !== next)];
  const note = next
    ? `Key ${active.keyId}, which was prepared, signs now.`
    : `Key ${active.keyId} was made and signs now; replicas that do not know it yet refuse its tokens until they do.`;
  return { ring: { ...ring, keys }, says: `${says} ${note}` };
}
