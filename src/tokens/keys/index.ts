/**
 * The key ring on disk (requirement T2, docs/decisions/0006): what its files say, the `keys` commands that change them,
 * and a ring that follows them while it serves.
 */
export { changeKeys, type KeysCommand } from "./change-keys.ts";
export { describeKeys, listKeys } from "./list-keys.ts";
export { createReloadingKeyRing, type ReloadingKeyRing } from "./reloading-key-ring.ts";
export type { SigningKeyPaths } from "./ring-source.ts";
