/** One token: of two that share family and generation the stamp tells who signed which. */
export interface Token {
  readonly family: number;
  readonly generation: number;
  readonly stamp: string;
}

/** A family as the store has it, or as a replica remembers it; its number is its place in the list. */
export interface Row {
  readonly generation: number;
  readonly stamp: string;
  readonly presented: boolean;
  /** Was the last rotation within the grace? */
  readonly fresh: boolean;
  readonly revoked: boolean;
}

/** The owner of the sandbox, whose machine has the token file, and another. */
export type Replica = 0 | 1;
export const owner: Replica = 0;
export const replicas: readonly Replica[] = [0, 1];

type Reason = "superseded" | "reused" | "revoked" | "unknown" | "unavailable";

/** What a caller is told. */
export type Answer = { readonly ok: Token | "served" } | { readonly no: Reason };

/** A refresh or a call, from its arrival at a replica on; each place is where a crash finds it. */
export interface Request {
  readonly kind: "refresh" | "call";
  /** Who waits for the answer; an orphan's caller has given up. */
  readonly caller: "supervisor" | "orphan" | "thief";
  /** What its signatures carry. */
  readonly stamp: string;
  readonly at: Replica;
  readonly token: Token;
  readonly conflict: boolean;
  readonly place: "arrived" | "mark" | "store" | "revoke" | "store-late" | "deliver" | "answer";
  /** The row that was decided on. */
  readonly row: Row | undefined;
  readonly answer: Answer | undefined;
  /** When it was asked, had a thief been served with a later token of its family? */
  readonly robbed: boolean;
  /** When it came, had its family been revoked for longer than the bound? */
  readonly late: boolean;
}

export interface Supervisor {
  readonly held: Token;
  /** Was a refresh of the held token asked for and not answered with a token? */
  readonly unanswered: boolean;
  /**
   * At work; refused, and about to ask for a refresh, with or without the word of a conflict; refused that too, and
   * watching its file; or ended, to be started again.
   */
  readonly mode: "working" | "refused" | "in-conflict" | "seeking" | "lost";
}

interface Thief {
  readonly has: readonly Token[];
  /** The tokens with which it was served. */
  readonly used: readonly Token[];
}

/** How much of what may go wrong, or may be begun, is left. */
export interface Budget {
  readonly replicaCrashes: number;
  readonly supervisorCrashes: number;
  readonly lostAnswers: number;
  readonly failedDeliveries: number;
  readonly withdrawnKeys: number;
  /** Times that a replica hears nothing for longer than its bound. */
  readonly cutFeeds: number;
  /** Times that an operator takes the sandbox's tokens back. */
  readonly revocations: number;
  readonly refreshes: number;
  readonly thiefRequests: number;
}

export interface State {
  readonly store: readonly Row[];
  readonly memory: readonly [Memory, Memory];
  /** Has the replica learned nothing for longer than its bound? */
  readonly blind: readonly [boolean, boolean];
  readonly file: Token;
  readonly supervisor: Supervisor;
  readonly thief: Thief;
  readonly refresh: Request | undefined;
  readonly call: Request | undefined;
  /** The thief's request, or one that the supervisor gave up and that runs on. */
  readonly other: Request | undefined;
  /** A token whose key is gone. */
  readonly withdrawn: Token | undefined;
  readonly left: Budget;
  /** The rest is for the invariants alone. These families were revoked longer ago than the bound. */
  readonly longRevoked: readonly number[];
  /** Was a family revoked, or to be revoked, because a token of it was used again? */
  readonly hasAlarmed: boolean;
  readonly violation: string | undefined;
}

export type Memory = readonly (Row | undefined)[];

export const sameToken = (a: Token, b: Token): boolean =>
  a.family === b.family && a.generation === b.generation && a.stamp === b.stamp;

export const tokenOf = (family: number, row: Row): Token => ({
  family,
  generation: row.generation,
  stamp: row.stamp,
});

const first: Row = { generation: 0, stamp: "i", presented: false, fresh: false, revoked: false };

/** A sandbox that was just started; where a thief is to act it has a copy of the first token. */
export function initialState(left: Budget): State {
  const token = tokenOf(0, first);
  return {
    store: [first],
    memory: [[first], [first]],
    blind: [false, false],
    file: token,
    supervisor: { held: token, unanswered: false, mode: "working" },
    thief: { has: left.thiefRequests > 0 ? [token] : [], used: [] },
    refresh: undefined,
    call: undefined,
    other: undefined,
    withdrawn: undefined,
    left,
    longRevoked: [],
    hasAlarmed: false,
    violation: undefined,
  };
}
