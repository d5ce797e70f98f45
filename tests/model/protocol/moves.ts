import { askAsThief, askCall, askRefresh, readFile, startSupervisor, supersedes, take } from "./callers.ts";
import { advance } from "./gateway.ts";
import { currentToken, lags, learnAll, learnRow, setRow, startAnew } from "./memory.ts";
import type { Rules, World } from "./rules.ts";
import { type Budget, owner, type Replica, type Request, type Row, replicas, type State, tokenOf } from "./state.ts";

/** Something that can happen next. */
export interface Move {
  readonly name: string;
  /** Does it happen by itself, where nothing fails and nobody steals? */
  readonly isQuiet: boolean;
  readonly next: State;
}

/** All that can happen next. */
export function movesOf(state: State, rules: Rules, world: World): Move[] {
  const quiet = [
    ...requestMoves(state, rules, world),
    ...supervisorMoves(state, rules, world),
    ...feedMoves(state),
    ...timeMoves(state, world),
    ...(rules.keeps ? keeperMoves(state) : []),
  ].map(([name, next]) => ({ name, isQuiet: true, next }));
  const others = [...faults(state), ...cuts(state), ...thefts(state, rules, world)].map(([name, next]) => ({
    name,
    isQuiet: false,
    next,
  }));
  return [...quiet, ...others];
}

type Named = readonly [name: string, next: State];

const slots = ["refresh", "call", "other"] as const;
type Slot = (typeof slots)[number];

function* requestMoves(state: State, rules: Rules, world: World): Iterable<Named> {
  for (const slot of slots) {
    const request = state[slot];
    if (!request) continue;
    const name = `${request.caller} ${request.kind} ${request.token.family}.${request.token.generation} at ${"AB"[request.at]}`;
    if (request.place === "answer") yield [`${name}: answer`, take(state, request, rules)];
    else yield [`${name}: ${request.place}`, step(state, slot, request, rules, world)];
  }
}

/** One step of a request. Nothing can come between a refusal, or a call that was decided, and its caller. */
function step(state: State, slot: Slot, request: Request, rules: Rules, world: World): State {
  const stepped = advance(state, request, rules, world);
  const next = { ...stepped.state, [slot]: stepped.request };
  const { answer, kind, place, caller } = stepped.request;
  if (!answer || place === "deliver") return next;
  if (place === "answer") {
    const mayBeLost = kind === "refresh" && "ok" in answer && caller !== "orphan";
    return mayBeLost ? next : take(next, stepped.request, rules);
  }
  // Answered before it is recorded: the rest is done for nobody.
  return { ...take(next, stepped.request, rules), [slot]: { ...stepped.request, caller: "orphan" } };
}

function* supervisorMoves(state: State, rules: Rules, world: World): Iterable<Named> {
  const { supervisor, left } = state;
  const { mode, held } = supervisor;
  const row = state.store[held.family];
  for (const at of replicas) {
    const replica = "AB"[at];
    if (mode === "working" && !state.call && !isOvertaking(state, world)) {
      const asked = askCall(state, at);
      if (asked.call) yield [`supervisor calls ${replica}`, step(asked, "call", asked.call, rules, world)];
    }
    if (state.refresh) continue;
    if (mode === "refused" || mode === "in-conflict") {
      yield [`supervisor asks ${replica}, ${mode}`, askRefresh(state, at, rules)];
    }
    if (mode !== "working") continue;
    if (supervisor.unanswered) yield [`supervisor asks ${replica} again`, askRefresh(state, at, rules)];
    // It plans its refreshes further apart than the grace is long.
    else if (left.refreshes > 0 && !row?.fresh && !(world.isPrompt && state.other?.caller === "orphan")) {
      yield [`supervisor asks ${replica}`, askRefresh(spend(state, "refreshes"), at, rules)];
    }
  }
  if (mode === "seeking") {
    const found = readFile(state);
    if (found) yield ["supervisor finds another token in its file", found];
    yield ["supervisor ends", { ...state, supervisor: { ...supervisor, mode: "lost" } }];
  }
  if (mode === "lost") yield ["supervisor is started again", startSupervisor(state)];
}

function* feedMoves(state: State): Iterable<Named> {
  for (const at of replicas) {
    if (lags(state, at) || state.blind[at]) yield [`${"AB"[at]} learns`, learnAll(state, at)];
  }
}

/**
 * Would a call present what came of a refresh while an earlier one, which its caller has given up, is still on its way,
 * and would be taken for a thief's?
 */
function isOvertaking({ supervisor: { held }, other, store }: State, { isPrompt }: World): boolean {
  if (!isPrompt || other?.caller !== "orphan" || !supersedes(held, other.token)) return false;
  return other.conflict || store[held.family]?.fresh !== true;
}

/** The grace, which is longer than a replica may be blind. */
function* timeMoves(state: State, world: World): Iterable<Named> {
  let next = state;
  for (const at of replicas) if (!state.blind[at]) next = learnAll(next, at);
  const known = currentToken(next.memory[owner], state.withdrawn);
  const isFileBehind = known !== undefined && supersedes(known, state.file);
  const isWaitedFor = isFileBehind || slots.some((slot) => state[slot] && state[slot].caller !== "thief");
  if (!state.store.some(({ fresh }) => fresh) || (world.isPrompt && isWaitedFor)) return;
  yield [
    "the grace passes",
    {
      ...next,
      store: next.store.map(staleRow),
      memory: [next.memory[0].map(staleRow), next.memory[1].map(staleRow)],
      refresh: staleRequest(next.refresh),
      call: staleRequest(next.call),
      other: staleRequest(next.other),
    },
  ];
}

const staleRow = <T extends Row | undefined>(row: T): T => (row ? { ...row, fresh: false } : row);
const staleRequest = (one: Request | undefined) => one && { ...one, row: staleRow(one.row) };

/** A replica that has not heard for longer than its bound. */
function* cuts(state: State): Iterable<Named> {
  if (state.left.cutFeeds === 0) return;
  for (const at of replicas) {
    if (state.blind[at] || !lags(state, at)) continue;
    const blind = at === 0 ? ([true, state.blind[1]] as const) : ([state.blind[0], true] as const);
    const longRevoked = state.store.flatMap(({ revoked }, family) => (revoked ? [family] : []));
    yield [`${"AB"[at]} is blind for longer than the bound`, { ...spend(state, "cutFeeds"), blind, longRevoked }];
  }
}

/** The owner's work: the file follows the family, and a sandbox whose family ended gets another. */
function* keeperMoves(state: State): Iterable<Named> {
  const known = currentToken(state.memory[owner], state.withdrawn);
  if (known && supersedes(known, state.file)) yield ["the file follows the family", { ...state, file: known }];

  const isWithoutSession = state.supervisor.mode !== "working";
  const heardOfEnd = state.memory[owner].at(-1)?.revoked === true;
  if (!isWithoutSession && !heardOfEnd && !state.withdrawn) return;
  if (currentToken(state.store, state.withdrawn)) return;
  const family = state.store.length;
  const row: Row = { generation: 0, stamp: "k", presented: false, fresh: false, revoked: false };
  const ended = state.store.map((one) => ({ ...one, revoked: true }));
  let next: State = { ...state, store: [...ended, row] };
  for (const [at, one] of next.store.entries()) next = learnRow(next, owner, at, one);
  yield [`the keeper begins family ${family}`, next];
}

function* faults(state: State): Iterable<Named> {
  const { left, refresh, supervisor } = state;
  if (left.replicaCrashes > 0) for (const at of replicas) yield [`${"AB"[at]} crashes`, crash(state, at)];
  if (left.lostAnswers > 0 && refresh) {
    for (const [how, without] of givenUp(state, refresh))
      yield [`the supervisor ${how}`, spend(without, "lostAnswers")];
  }
  if (left.supervisorCrashes > 0 && supervisor.mode !== "lost") {
    const ways = refresh ? givenUp(state, refresh) : [["is alone", state] as const];
    for (const [how, without] of ways) {
      const ended = spend({ ...without, call: undefined }, "supervisorCrashes");
      yield [`the supervisor ${how} and crashes`, startSupervisor(ended)];
    }
  }
  for (const slot of ["refresh", "other"] as const) {
    const request = state[slot];
    if (left.failedDeliveries === 0 || request?.place !== "deliver") continue;
    yield ["a delivery fails", spend({ ...state, [slot]: { ...request, place: "answer" } }, "failedDeliveries")];
  }
  const family = state.store.length - 1;
  const row = state.store[family];
  if (left.revocations > 0 && row && !row.revoked) {
    for (const at of replicas) {
      const revoked = setRow(state, family, { ...row, revoked: true });
      const heard = learnRow(revoked, at, family, revoked.store[family]);
      yield [`an operator revokes at ${"AB"[at]}`, spend(heard, "revocations")];
    }
  }
  if (left.withdrawnKeys > 0) {
    if (row && row.generation > 0) {
      yield [
        "the current token's key is withdrawn",
        spend({ ...state, withdrawn: tokenOf(family, row) }, "withdrawnKeys"),
      ];
    }
  }
}

/** A refresh whose caller is gone: it never came, or its answer never did, or the replica is still at it. */
function* givenUp(state: State, refresh: Request): Iterable<Named> {
  const without: State = { ...state, refresh: undefined };
  if (refresh.place === "arrived" || refresh.place === "answer") yield ["loses what was sent", without];
  if (!state.other && refresh.place !== "answer") {
    yield ["gives up waiting", { ...without, other: { ...refresh, caller: "orphan" } }];
  }
}

/** What the replica was doing is gone; its callers hear of it, and what it remembered is read again. */
function crash(state: State, at: Replica): State {
  const gone = (one: Request | undefined) => (one?.at === at ? undefined : one);
  const { refresh, call, other } = state;
  const next = { ...state, refresh: gone(refresh), call: gone(call), other: gone(other) };
  return startAnew(spend(next, "replicaCrashes"), at);
}

function* thefts(state: State, rules: Rules, world: World): Iterable<Named> {
  if (state.left.thiefRequests === 0 || state.other) return;
  for (const token of state.thief.has) {
    const name = `${token.family}.${token.generation}`;
    for (const at of replicas) {
      const calling = askAsThief(state, at, token, "call", false);
      if (calling.other)
        yield [`thief calls ${"AB"[at]} with ${name}`, step(calling, "other", calling.other, rules, world)];
      yield [`thief asks ${"AB"[at]} with ${name}`, askAsThief(state, at, token, "refresh", false)];
      yield [`thief asks ${"AB"[at]} with ${name} in conflict`, askAsThief(state, at, token, "refresh", true)];
    }
  }
}

const spend = (state: State, what: keyof Budget): State => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
});
