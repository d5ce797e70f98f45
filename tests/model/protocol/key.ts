import type { Memory, Request, Row, State, Supervisor, Token } from "./state.ts";

const modes: readonly Supervisor["mode"][] = ["working", "refused", "in-conflict", "seeking", "lost"];
const places: readonly Request["place"][] = ["arrived", "mark", "store", "revoke", "store-late", "deliver", "answer"];
const callers: readonly Request["caller"][] = ["supervisor", "orphan", "thief"];

/** Small numbers as characters, none of which is the comma. */
const letter = (value: number) => String.fromCharCode(value + 48);
const bits = (...flags: boolean[]) => flags.reduce((all, flag) => all * 2 + (flag ? 1 : 0), 0);

/**
 * A state in a few characters: the same for two states that differ in nothing that matters. Who signed a token does not,
 * only which tokens of one generation are the same.
 */
export function keyOf(state: State): string {
  const stamps: (string[] | undefined)[] = [];
  const numberOf = (family: number, generation: number, stamp: string): number => {
    const place = family * 8 + generation;
    stamps[place] ??= [];
    const known = stamps[place];
    const at = known.indexOf(stamp);
    return place * 4 + (at >= 0 ? at : known.push(stamp) - 1);
  };
  const token = (one: Token | undefined) =>
    one ? letter(1 + numberOf(one.family, one.generation, one.stamp)) : letter(0);
  const row = (one: Row | undefined, family: number) =>
    one
      ? letter(1 + numberOf(family, one.generation, one.stamp) * 8 + bits(one.presented, one.fresh, one.revoked))
      : letter(0);
  const rows = (all: Memory) => {
    let text = "";
    for (let family = 0; family < all.length; family += 1) text += row(all[family], family);
    return `${text},`;
  };
  const tokens = (all: readonly Token[]) => {
    let text = "";
    for (const one of all) text += token(one);
    return `${text},`;
  };
  const request = (one: Request | undefined) => {
    if (!one) return ",";
    const { answer } = one;
    const given = answer && ("no" in answer ? answer.no : answer.ok === "served" ? "!" : token(answer.ok));
    const flags = bits(one.kind === "call", one.conflict, one.robbed, one.late, one.at === 1);
    const where = callers.indexOf(one.caller) * 8 + places.indexOf(one.place);
    return `${letter(flags)}${letter(where)}${token(one.token)}${row(one.row, one.token.family)}${given ?? ""},`;
  };
  const { supervisor, thief, left, blind } = state;
  let text = rows(state.store) + rows(state.memory[0]) + rows(state.memory[1]);
  text += token(state.file) + token(supervisor.held) + token(state.withdrawn);
  text += letter(
    modes.indexOf(supervisor.mode) * 16 + bits(supervisor.unanswered, blind[0], blind[1], state.hasAlarmed),
  );
  text += tokens(thief.has) + tokens(thief.used);
  text += request(state.refresh) + request(state.call) + request(state.other);
  text += letter(left.replicaCrashes) + letter(left.supervisorCrashes) + letter(left.lostAnswers);
  text += letter(left.failedDeliveries) + letter(left.withdrawnKeys) + letter(left.cutFeeds);
  text += letter(left.revocations) + letter(left.refreshes) + letter(left.thiefRequests);
  return `${text}${state.longRevoked.join()}${state.violation ?? ""}`;
}
