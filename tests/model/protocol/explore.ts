import { keyOf } from "./key.ts";
import { movesOf } from "./moves.ts";
import type { Rules, World } from "./rules.ts";
import { type Budget, initialState, type State, sameToken, type Token, tokenOf } from "./state.ts";

export interface Question {
  readonly rules: Rules;
  readonly world: World;
  readonly budget: Budget;
  /** Whether alarms without a thief are borne, to see what else they bring. */
  readonly bearsFalseAlarms?: boolean;
}

export interface Found {
  readonly states: number;
  /** What went wrong, with the shortest way to it; undefined where nothing can. */
  readonly violation: { readonly what: string; readonly trace: readonly string[] } | undefined;
}

const mostStates = 2_000_000;

/**
 * Every state that can be reached, breadth first, each looked at once. What must never be is looked for in each; then, in
 * all of them, whether the quiet moves alone lead to where the supervisor's token is good, and to where a thief's is not.
 */
export function explore({ rules, world, budget, bearsFalseAlarms = false }: Question): Found {
  const states: State[] = [];
  const numbers = new Map<string, number>();
  const cameFrom: { readonly state: number; readonly move: string }[] = [];
  const quietBefore: number[][] = [];

  function numberOf(state: State, from: number, move: string): number {
    const key = keyOf(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = states.push(state) - 1;
    if (number > mostStates) throw new Error("the model has too many states");
    numbers.set(key, number);
    cameFrom.push({ state: from, move });
    quietBefore.push([]);
    return number;
  }
  function traceTo(number: number): string[] {
    const trace: string[] = [];
    for (let at = number; at > 0; at = cameFrom[at]!.state) trace.unshift(cameFrom[at]!.move);
    return trace;
  }
  const violated = (what: string, at: number): Found => ({
    states: states.length,
    violation: { what, trace: traceTo(at) },
  });

  numberOf(initialState(budget), -1, "");
  for (let at = 0; at < states.length; at += 1) {
    const state = states[at]!;
    const what = wrongWith(state, bearsFalseAlarms || budget.thiefRequests > 0);
    if (what !== undefined) return violated(what, at);
    for (const { name, isQuiet, next } of movesOf(state, rules, world)) {
      const number = numberOf(next, at, name);
      if (isQuiet) quietBefore[number]!.push(at);
    }
  }
  const stranded = firstThatNeverReaches(isWell);
  if (stranded !== undefined) return violated("the supervisor is stranded", stranded);
  const undetected = firstThatNeverReaches((state) => !isRobbed(state));
  if (undetected !== undefined) return violated("a thief goes on for ever", undetected);
  return { states: states.length, violation: undefined };

  function firstThatNeverReaches(goal: (state: State) => boolean): number | undefined {
    const reaches = states.map(goal);
    const open = states.flatMap((_, number) => (reaches[number] ? [number] : []));
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      for (const before of quietBefore[number]!) {
        if (reaches[before]) continue;
        reaches[before] = true;
        open.push(before);
      }
    }
    const never = reaches.indexOf(false);
    return never < 0 ? undefined : never;
  }
}

function wrongWith(state: State, mayAlarm: boolean): string | undefined {
  if (state.violation !== undefined) return state.violation;
  if (state.hasAlarmed && !mayAlarm) return "a false alarm";
  if (hasTwoOfOneGeneration(state)) return "two successors of one token";
  if (state.hasAlarmed && isThiefsCurrent(state)) return "a theft was found, and its family lives";
  return state.store.filter(({ revoked }) => !revoked).length > 1 ? "two families live" : undefined;
}

/** The supervisor holds its family's current token, and works with it. */
function isWell({ supervisor: { held, mode }, store, withdrawn }: State): boolean {
  const row = store[held.family];
  if (mode !== "working" || !row || row.revoked || (withdrawn && sameToken(withdrawn, held))) return false;
  return sameToken(tokenOf(held.family, row), held);
}

/** Has a thief the current token of a live family? */
function isThiefsCurrent({ thief, store }: State): boolean {
  return store.some((row, family) => !row.revoked && thief.has.some((token) => sameToken(token, tokenOf(family, row))));
}

/** A thief was served with the family's current token, which the supervisor does not have. */
function isRobbed({ thief, store, supervisor: { held } }: State): boolean {
  return thief.used.some((token) => {
    const row = store[token.family];
    return row && !row.revoked && sameToken(tokenOf(token.family, row), token) && !sameToken(token, held);
  });
}

/** Of all tokens that left, or are about to, are there two of one generation? */
function hasTwoOfOneGeneration({ supervisor, file, thief, refresh, other }: State): boolean {
  const out = [supervisor.held, file, ...thief.has];
  for (const request of [refresh, other]) {
    const answer = request?.answer;
    if (answer && "ok" in answer && answer.ok !== "served") out.push(answer.ok);
  }
  const isSibling = (a: Token, b: Token) =>
    a.family === b.family && a.generation === b.generation && a.stamp !== b.stamp;
  return out.some((one, at) => out.slice(at + 1).some((two) => isSibling(one, two)));
}
