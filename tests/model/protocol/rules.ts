/**
 * What the protocol promises, each by itself, so that a test can break one and see that it mattered. All true is what the
 * gateway and the supervisor do.
 */
export interface Rules {
  /** The successor is stored before it leaves. */
  readonly storesBeforeAnswer: boolean;
  /** A rotation takes only from the generation that it was decided on. */
  readonly comparesAndSets: boolean;
  /** Where another was faster, its successor is the answer. */
  readonly readsAfterLostRace: boolean;
  /** All but a rotation is decided on what the store says, not on memory. */
  readonly decidesOnStore: boolean;
  /** The token before the current one gets the same successor. */
  readonly repeatsSuccessor: boolean;
  /** That a token was presented is recorded at all. */
  readonly recordsPresentation: boolean;
  /** It is recorded before the call is served. */
  readonly recordsBeforeServing: boolean;
  /** A supervisor that did not ask for the refresh says so. */
  readonly tellsConflict: boolean;
  /** The word of a conflict counts only where the successor was presented. */
  readonly doubtsConflict: boolean;
  /** A reused token ends its family. */
  readonly revokesOnReuse: boolean;
  /** A family that ended gets its sandbox a new one, and the file follows the family. */
  readonly keeps: boolean;
  /** A replica that may have missed a revocation refuses. */
  readonly refusesBlind: boolean;
}

export const asBuilt: Rules = {
  storesBeforeAnswer: true,
  comparesAndSets: true,
  readsAfterLostRace: true,
  decidesOnStore: true,
  repeatsSuccessor: true,
  recordsPresentation: true,
  recordsBeforeServing: true,
  tellsConflict: true,
  doubtsConflict: true,
  revokesOnReuse: true,
  keeps: true,
  refusesBlind: true,
};

/** What the world around the protocol does; the false alarms that are known come from where it departs from this. */
export interface World {
  /** Do all replicas write the file before they answer, or its owner alone, after it heard of another's rotation? */
  readonly fileOf: "every-replica" | "owner";
  /**
   * Is every request of an honest caller settled within the grace, and before what came of a later one is presented; and
   * does the file follow its family within the grace, where its owner hears?
   */
  readonly isPrompt: boolean;
}
