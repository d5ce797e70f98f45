import type { Change } from "../change-feed.ts";

/** What a source found. */
export type News =
  | { readonly kind: "changes"; readonly changes: readonly Change[] }
  /** Too much happened since the last time, or it can no longer be told. */
  | { readonly kind: "missed" };

/** Where changes are read, from the moment on at which {@link next} was first called. */
export interface ChangeSource extends AsyncDisposable {
  /**
   * The changes that were committed since the last call and no earlier; none on the first. Rejects where it cannot be
   * known; the source is of no use then.
   */
  next(): Promise<News>;
  /** Tells other processes that there is something to read; whether they hear it is not certain. */
  announce(): void;
  /** Forgets changes that are old. */
  prune(): Promise<void>;
}

/** Opens a source; it calls `hint` when it may be worth looking. */
export type OpenSource = (hint: () => void) => Promise<ChangeSource>;
