import type { Rules } from "./rules.ts";
import { type Request, type State, sameToken, type Token } from "./state.ts";

const unnoticed = "a theft was taken for a lost answer";

/** A caller gets its answer; the request is over. */
export function take(state: State, request: Request, rules: Rules): State {
  const seen = watch(leave(state, request), request);
  switch (request.caller) {
    case "orphan":
      return seen;
    case "thief":
      return takeAsThief(seen, request);
    case "supervisor":
      return request.kind === "call" ? afterCall(seen, request, rules) : afterRefresh(seen, request);
  }
}

/** Asks a replica for the successor of the held token. */
export function askRefresh(state: State, at: Request["at"], rules: Rules): State {
  const { held, mode } = state.supervisor;
  // An orphan may sign in the same second; what it signs is another token.
  const stamp = `${state.other?.stamp.startsWith("s") ? "u" : "s"}${at}`;
  const isInConflict = mode === "in-conflict";
  const refresh: Request = {
    ...{ ...newRequest, caller: "supervisor", kind: "refresh", stamp, at, token: held, late: false },
    ...{ conflict: isInConflict && rules.tellsConflict, robbed: isInConflict && isRobbed(state, held) },
  };
  return { ...state, refresh, supervisor: { ...state.supervisor, unanswered: true, mode: "working" } };
}

/** Was a thief served with a later token of the family? */
const isRobbed = ({ thief }: State, held: Token): boolean =>
  thief.used.some((one) => one.family === held.family && one.generation > held.generation);

export function askCall(state: State, at: Request["at"]): State {
  const { held } = state.supervisor;
  const call: Request = {
    ...newRequest,
    caller: "supervisor",
    kind: "call",
    stamp: "",
    at,
    token: held,
    conflict: false,
    robbed: false,
    late: isLate(state, held),
  };
  return { ...state, call };
}

export function askAsThief(
  state: State,
  at: Request["at"],
  token: Token,
  kind: Request["kind"],
  conflict: boolean,
): State {
  const other: Request = {
    ...newRequest,
    caller: "thief",
    kind,
    stamp: `t${at}`,
    at,
    token,
    conflict,
    robbed: false,
    late: isLate(state, token),
  };
  return { ...state, other, left: { ...state.left, thiefRequests: state.left.thiefRequests - 1 } };
}

const isLate = (state: State, token: Token) => state.longRevoked.includes(token.family);

const newRequest = { place: "arrived", row: undefined, answer: undefined } as const;

/** Looks into the file; takes what is there unless it is older. Undefined where it is of no use. */
export function readFile(state: State): State | undefined {
  const { held } = state.supervisor;
  return supersedes(state.file, held) ? hold(state, state.file) : undefined;
}

/** A new process: it knows what its file says, and nothing else. */
export const startSupervisor = (state: State): State => hold(state, state.file);

function afterCall(state: State, { token, answer }: Request, rules: Rules): State {
  const isOld = !sameToken(token, state.supervisor.held);
  if (!answer || "ok" in answer || answer.no === "unavailable" || isOld) return state;
  if (state.refresh || state.supervisor.mode !== "working") return state;
  const isSuperseded = answer.no === "superseded" || answer.no === "reused";
  const conflict = isSuperseded && !state.supervisor.unanswered;
  const other = readFile(state);
  const isSameFamily = state.file.family === token.family;
  if (other && !(conflict && isSameFamily && rules.tellsConflict)) {
    return conflict && isSameFamily && isRobbed(state, token) ? { ...other, violation: unnoticed } : other;
  }
  return { ...state, supervisor: { ...state.supervisor, mode: conflict ? "in-conflict" : "refused" } };
}

function afterRefresh(state: State, { answer, robbed }: Request): State {
  if (!answer) throw new Error("a refresh ended without an answer");
  if ("ok" in answer) {
    if (answer.ok === "served") throw new Error("a refresh is answered with a token");
    const next = hold(state, answer.ok);
    return robbed ? { ...next, violation: unnoticed } : next;
  }
  if (answer.no === "unavailable") return state;
  return readFile(state) ?? { ...state, supervisor: { ...state.supervisor, mode: "seeking" } };
}

function takeAsThief(state: State, { answer, token }: Request): State {
  if (!answer || !("ok" in answer)) return state;
  const { has, used } = state.thief;
  if (answer.ok !== "served") return { ...state, thief: { has: added(has, answer.ok), used } };
  return { ...state, thief: { has, used: added(used, token) } };
}

/** What must never be seen in an answer. */
function watch(state: State, { answer, late }: Request): State {
  return late && answer && "ok" in answer && answer.ok === "served"
    ? { ...state, violation: "a token was served that was revoked longer ago than the bound" }
    : state;
}

function leave(state: State, request: Request): State {
  if (state.refresh === request) return { ...state, refresh: undefined };
  if (state.call === request) return { ...state, call: undefined };
  return { ...state, other: undefined };
}

const hold = (state: State, held: Token): State => ({
  ...state,
  supervisor: { held, unanswered: false, mode: "working" },
});

/** Is it of another family, or later in the same one? */
export const supersedes = (candidate: Token, held: Token): boolean =>
  !sameToken(candidate, held) && (candidate.family !== held.family || candidate.generation > held.generation);

const added = (list: readonly Token[], token: Token): readonly Token[] =>
  list.some((one) => sameToken(one, token)) ? list : [...list, token];
