import { type Memory, type Replica, type Row, type State, sameToken, type Token, tokenOf } from "./state.ts";

/** Of two rows of one family the later one, as `LiveFamilies` has it. */
function further(known: Row, row: Row): Row {
  if (known.revoked) return known;
  if (row.revoked) return row;
  if (row.generation !== known.generation) return row.generation > known.generation ? row : known;
  return row.presented && !known.presented ? row : known;
}

export function learnRow(state: State, at: Replica, family: number, row: Row | undefined): State {
  if (!row) return state;
  const known = state.memory[at][family];
  return setMemory(state, at, replaced(state.memory[at], family, known ? further(known, row) : row));
}

/** What the change feed brings: all that is committed by now. */
export function learnAll(state: State, at: Replica): State {
  let next = state;
  for (const [family, row] of state.store.entries()) next = learnRow(next, at, family, row);
  return { ...next, blind: at === 0 ? [false, next.blind[1]] : [next.blind[0], false] };
}

/** A start: nothing is remembered, everything is loaded. */
export const startAnew = (state: State, at: Replica): State => learnAll(setMemory(state, at, []), at);

export const lags = (state: State, at: Replica): boolean =>
  state.store.some((row, family) => {
    const known = state.memory[at][family];
    return !known || further(known, row) !== known;
  });

export const setRow = (state: State, family: number, row: Row): State => ({
  ...state,
  store: replaced(state.store, family, row),
});

/** The token of the sandbox's live family as the rows have it; undefined where there is none that can be made again. */
export function currentToken(rows: Memory, withdrawn: Token | undefined): Token | undefined {
  for (let family = rows.length - 1; family >= 0; family -= 1) {
    const row = rows[family];
    if (!row || row.revoked) continue;
    const token = tokenOf(family, row);
    return withdrawn && sameToken(token, withdrawn) ? undefined : token;
  }
  return undefined;
}

function setMemory(state: State, at: Replica, memory: Memory): State {
  return { ...state, memory: at === 0 ? [memory, state.memory[1]] : [state.memory[0], memory] };
}

function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  const copy = [...list];
  copy[at] = value;
  return copy;
}
