import { onEachDatabase } from "../support/temporary-store.ts";
import { familyStoreContract } from "./family-store.ts";

onEachDatabase("families", (open, kind) => {
  familyStoreContract(kind, async () => {
    const made = await open();
    return { store: made.store.families, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
  });
});
