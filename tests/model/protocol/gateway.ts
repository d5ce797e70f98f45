import { learnRow, setRow } from "./memory.ts";
import type { Rules, World } from "./rules.ts";
import { type Answer, owner, type Request, type Row, type State, sameToken, type Token, tokenOf } from "./state.ts";

/** Where a request is next, and what its step did to the rest. */
interface Stepped {
  readonly state: State;
  readonly request: Request;
}

type Decision =
  | "supersede"
  | "repeat"
  | "serve"
  | "mark"
  | "find"
  | "alarm"
  | { readonly no: Extract<Answer, { no: unknown }>["no"] };

/** What a replica does next for a request: one step of admission and refresh that nothing comes between. */
export function advance(state: State, request: Request, rules: Rules, world: World): Stepped {
  const { token, at } = request;
  const remembered = state.memory[at][token.family];
  switch (request.place) {
    case "arrived": {
      if (rules.refusesBlind && state.blind[at]) return answer(state, request, { no: "unavailable" });
      if (state.withdrawn && sameToken(state.withdrawn, token)) return answer(state, request, { no: "unknown" });
      const decision = decide(remembered, request, rules);
      // A generation only grows: who is two behind in memory is so in the store.
      const isTooOld = remembered !== undefined && remembered.generation - token.generation > 1;
      const isCertain = request.kind === "call" || decision === "supersede" || isTooOld || !rules.decidesOnStore;
      if (isCertain && decision !== "find") return follow(state, request, remembered, decision, rules);
      const next = learnRow(state, at, token.family, state.store[token.family]);
      const row = next.memory[at][token.family];
      const found = decide(row, request, rules);
      return follow(next, request, row, found === "find" ? { no: "unknown" } : found, rules);
    }
    case "mark":
      return mark(state, request, rules);
    case "store":
      return rotate(state, request, rules);
    case "store-late": {
      const { state: next } = rotate(state, { ...request, place: "store" }, { ...rules, readsAfterLostRace: false });
      return { state: next, request: { ...request, place: "answer" } };
    }
    case "revoke":
      return revoke(state, request, rules);
    case "deliver":
      return go(deliver(state, request, world), request, "answer");
    case "answer":
      throw new Error("an answer is its caller's to take");
  }
}

function decide(row: Row | undefined, { kind, token, conflict }: Request, rules: Rules): Decision {
  if (!row) return "find";
  if (row.revoked) return { no: "revoked" };
  const behind = row.generation - token.generation;
  if (behind < 0) return "find";
  const isPresented = rules.recordsPresentation && row.presented;
  if (behind === 0) {
    if (row.stamp !== token.stamp) return { no: "unknown" };
    if (kind === "refresh") return "supersede";
    return row.presented || !rules.recordsPresentation ? "serve" : "mark";
  }
  if (kind === "call") return (behind > 1 || isPresented) && !row.fresh ? "alarm" : { no: "superseded" };
  if (behind > 1 || !rules.repeatsSuccessor) return "alarm";
  if (conflict && (isPresented || !rules.doubtsConflict)) return "alarm";
  return isPresented && !row.fresh ? "alarm" : "repeat";
}

function follow(state: State, request: Request, row: Row | undefined, decision: Decision, rules: Rules): Stepped {
  const decided = { ...request, row };
  switch (decision) {
    case "serve":
      return answer(state, decided, { ok: "served" });
    case "supersede":
      return rules.storesBeforeAnswer
        ? go(state, decided, "store")
        : go(state, { ...decided, answer: { ok: successorOf(decided) } }, "store-late");
    case "repeat": {
      const successor = row && tokenOf(request.token.family, row);
      const isGone = !successor || (state.withdrawn !== undefined && sameToken(state.withdrawn, successor));
      // A successor that nobody can verify any more is itself superseded.
      if (isGone) return go(state, decided, "store");
      return go(state, { ...decided, answer: { ok: successor } }, "deliver");
    }
    case "mark":
      return rules.recordsBeforeServing
        ? go(state, decided, "mark")
        : go(state, { ...decided, answer: { ok: "served" } }, "mark");
    case "find":
      return answer(state, decided, { no: "unknown" });
    case "alarm":
      return go(state, decided, "revoke");
    default:
      return answer(state, decided, decision);
  }
}

function mark(state: State, request: Request, rules: Rules): Stepped {
  const { token, at, row } = request;
  if (!row) throw new Error("only what is known is marked");
  const stored = state.store[token.family];
  let next = state;
  if (stored?.generation === row.generation) next = setRow(next, token.family, { ...stored, presented: true });
  const known = next.memory[at][token.family];
  if (known?.generation === row.generation) next = learnRow(next, at, token.family, { ...known, presented: true });
  // Where it is recorded late the caller has been served already.
  if (!rules.recordsBeforeServing) return go(next, request, "answer");
  const decision = decide(next.memory[at][token.family], request, rules);
  return follow(next, request, next.memory[at][token.family], decision, rules);
}

function rotate(state: State, request: Request, rules: Rules): Stepped {
  const { token, at, row, stamp } = request;
  const stored = state.store[token.family];
  if (!row || !stored) throw new Error("only what is known is rotated");
  const successor = { generation: row.generation + 1, stamp, presented: false, fresh: true, revoked: false };
  const ours = { ok: successorOf(request) };
  const wins = stored.generation === row.generation && !stored.revoked;
  if (wins || !rules.comparesAndSets) {
    const next = learnRow(setRow(state, token.family, successor), at, token.family, successor);
    return go(next, { ...request, answer: ours }, "deliver");
  }
  if (!rules.readsAfterLostRace) return go(state, { ...request, answer: ours }, "deliver");
  const next = learnRow(state, at, token.family, stored);
  const now = next.memory[at][token.family];
  const decision = decide(now, request, rules);
  return follow(next, request, now, decision === "find" ? { no: "unknown" } : decision, rules);
}

function successorOf({ token, row, stamp }: Request): Token {
  if (!row) throw new Error("only what is known is rotated");
  return { family: token.family, generation: row.generation + 1, stamp };
}

function revoke(state: State, request: Request, rules: Rules): Stepped {
  const { token, at } = request;
  const stored = state.store[token.family];
  if (!stored) throw new Error("only what is stored is revoked");
  if (stored.revoked) return answer(learnRow(state, at, token.family, stored), request, { no: "reused" });
  const alarmed = { ...state, hasAlarmed: true };
  if (!rules.revokesOnReuse) return answer(alarmed, request, { no: "reused" });
  const revoked = { ...stored, revoked: true };
  return answer(learnRow(setRow(alarmed, token.family, revoked), at, token.family, revoked), request, { no: "reused" });
}

/** Only what is current by then is written, so that an older token never comes to lie over a newer. */
function deliver(state: State, { at, token, answer: given }: Request, { fileOf }: World): State {
  const row = state.memory[at][token.family];
  if (!row || !given || !("ok" in given) || given.ok === "served") return state;
  const isCurrent = !row.revoked && sameToken(tokenOf(token.family, row), given.ok);
  const isMine = at === owner || fileOf === "every-replica";
  return isCurrent && isMine ? { ...state, file: given.ok } : state;
}

const go = (state: State, request: Request, place: Request["place"]): Stepped => ({
  state,
  request: { ...request, place },
});

const answer = (state: State, request: Request, given: Answer): Stepped =>
  go(state, { ...request, answer: given }, "answer");
