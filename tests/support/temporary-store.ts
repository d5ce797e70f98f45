import { join } from "node:path";
import { silentLog } from "../../src/core/log.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A real store in a file of its own, gone when it is disposed. */
export async function temporaryStore(): Promise<AsyncDisposable & { readonly store: Store; readonly path: string }> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "gateway.db");
  const store = await openStore({ path, log: silentLog });
  return {
    store,
    path,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}
