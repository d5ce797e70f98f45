import { createInterface } from "node:readline";
import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import { silentLog } from "../../src/core/log.ts";
import { openStore } from "../../src/store/index.ts";
import type { Family } from "../../src/tokens/index.ts";
import { newSandbox } from "./sandboxes.ts";

// Writes to the store that its argument names until it is killed, and says on stdout what was acknowledged.

const [path = ""] = process.argv.slice(2);
const store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });

const forever = Date.now() + 86_400_000;
const stamp = { keyId: "k", issuedAt: Date.now(), expiresAt: forever };

async function writeForEver(): Promise<void> {
  for (;;) {
    const family: Family = {
      ...{ familyId: newFamilyId(), sandboxId: newSandboxId(), generation: 0, ...stamp, presented: false },
      ...{ rotatedAt: undefined, revokedAt: undefined, revokedFor: undefined },
    };
    await store.sandboxes.insert(newSandbox({ id: family.sandboxId }));
    await store.families.begin(family);
    for (let generation = 0; generation < 5; generation += 1) {
      await store.families.rotate(family.familyId, generation, { ...stamp, rotatedAt: Date.now() });
      process.stdout.write(`rotated ${family.familyId} ${generation + 1}\n`);
    }
    await store.families.revoke(family.familyId, "operator", Date.now());
    process.stdout.write(`revoked ${family.familyId} 5\n`);
  }
}

// It ends with its parent, should that go first.
createInterface({ input: process.stdin }).on("close", () => process.exit(1));
await Promise.all(Array.from({ length: 20 }, writeForEver));
