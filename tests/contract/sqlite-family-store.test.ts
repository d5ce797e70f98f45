import { temporaryStore } from "../support/temporary-store.ts";
import { familyStoreContract } from "./family-store.ts";

familyStoreContract("in SQLite", async () => {
  const made = await temporaryStore();
  return { store: made.store.families, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
});
