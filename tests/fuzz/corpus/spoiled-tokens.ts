import type { Spoiling } from "../support/spoiled-token.ts";

/** One of each kind of spelling that was ever taken for another, by somebody. */
export const spoiledTokens: readonly Spoiling[] = [
  { how: "signed again", part: "payload", edit: { edit: "nothing" } },
  { how: "signed again", part: "payload", edit: { edit: "turned", by: 1 } },
  { how: "signed again", part: "header", edit: { edit: "turned", by: 1 } },
  { how: "signed again", part: "payload", edit: { edit: "twice", member: 2, value: "", first: true } },
  { how: "signed again", part: "payload", edit: { edit: "added", name: "__proto__", value: "{}", first: true } },
  { how: "signed again", part: "header", edit: { edit: "added", name: "crit", value: '["exp"]', first: false } },
  {
    how: "signed again",
    part: "header",
    edit: { edit: "added", name: "__proto__", value: '{"b64":false}', first: true },
  },
  { how: "signed again", part: "payload", edit: { edit: "number respelled", as: ".0" } },
  { how: "signed again", part: "payload", edit: { edit: "number respelled", as: "/1e9" } },
  { how: "signed again", part: "payload", edit: { edit: "number respelled", as: "1e400" } },
  { how: "signed again", part: "payload", edit: { edit: "escaped", at: 2 } },
  { how: "signed again", part: "payload", edit: { edit: "in front", bytes: [0xef, 0xbb, 0xbf] } },
  { how: "signed again", part: "payload", edit: { edit: "byte", at: 9, to: 0xff } },
  { how: "signed again", part: "payload", edit: { edit: "nested", depth: 900 } },
  { how: "respelled", segment: 2, as: "spare bits" },
  { how: "respelled", segment: 2, as: "padded" },
  { how: "respelled", segment: 1, as: "padded" },
  { how: "respelled", segment: 2, as: "standard alphabet" },
  { how: "segments", of: [0, 1, 5] },
  { how: "segments", of: [0, 4, 2] },
  { how: "segments", of: [0, 1, 2, 2] },
  { how: "segments", of: [0, 1] },
  { how: "surrounded", before: "", after: "." },
  { how: "surrounded", before: "", after: "\0" },
  { how: "surrounded", before: "", after: "A".repeat(20_000) },
];
