import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { Credential } from "../../../src/supervisor/credential.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import type { TokenSource } from "../../../src/supervisor/token-source.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const family = "11111111-1111-4111-8111-111111111111";
const clock = () => new FakeClock(Date.UTC(2026, 0, 1));
const token = (generation: number, of = family, lifeMs = 3_600_000) =>
  madeToken({ family: of, generation, lifeMs, now: Date.UTC(2026, 0, 1) });

const refusedFor = (reason: string) => {
  const detail = { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason }) };
  return new ConnectError("invalid token", Code.Unauthenticated, undefined, [detail]);
};
const unavailable = () => new ConnectError("down", Code.Unavailable);

interface Asked {
  readonly token: string;
  readonly conflict: boolean;
}

/** A credential whose gateway answers what the test says, and whose file holds what the test puts there. */
function setUp({
  kind = "file" as TokenSource["kind"],
  first = token(0),
  answer = (_: Asked): string => token(1),
} = {}) {
  const time = clock();
  const asked: Asked[] = [];
  const file = { holds: first, reads: 0 };
  const read = async () => {
    file.reads += 1;
    return new Secret(file.holds);
  };
  const source: TokenSource = {
    kind,
    first: read,
    another: async (refused) => {
      if (kind === "environment") return undefined;
      const found = await read();
      return found.equals(refused) ? undefined : found;
    },
  };
  const calls = {
    exchange: () => Promise.reject(new Error("unused")),
    refresh: async (held: Secret, { conflict }: { conflict: boolean }) => {
      const ask = { token: held.reveal(), conflict };
      asked.push(ask);
      return new Secret(answer(ask));
    },
  };
  const slot = new TokenSlot();
  const { signal } = new AbortController();
  const options = { source, slot, calls, clock: time, log: silentLog, graceMs: 5000, expiredGraceMs: 60_000, signal };
  return { credential: new Credential(options), slot, asked, file, clock: time };
}

const answers = (error: Error) => () => {
  throw error;
};

test("P2: however many ask, the first token is fetched once", async () => {
  const { credential, file } = setUp();
  await Promise.all([credential.acquire(), credential.acquire(), credential.present()]);
  await credential.present();
  expect(file.reads).toBe(1);
});

test("P1: after a failed exchange the next caller tries again", async () => {
  const { credential, file, slot } = setUp();
  const holds = file.holds;
  Object.defineProperty(file, "holds", { get: answers(unavailable()), configurable: true });
  await expect(credential.acquire()).rejects.toThrow("down");
  Object.defineProperty(file, "holds", { value: holds });
  await credential.acquire();
  expect(slot.version).toBe(1);
});

test("P3: a refresh swaps the token; racing refreshes are one", async () => {
  const { credential, slot, asked } = setUp();
  expect(await Promise.all([credential.refresh(), credential.refresh()])).toEqual(["renewed", "renewed"]);
  expect(slot.held?.token.reveal()).toBe(token(1));
  expect(asked).toEqual([{ token: token(0), conflict: false }]);
});

test.each([
  ["unavailable", unavailable()],
  ["resource_exhausted", new ConnectError("slow down", Code.ResourceExhausted)],
  ["permission_denied", new ConnectError("no", Code.PermissionDenied)],
  ["an answer that is no token", new TypeError("bad")],
])("P3: a refresh that fails with %s keeps the token", async (_name, error) => {
  const { credential, slot } = setUp({ answer: answers(error) });
  expect(await credential.refresh()).toBe("try-again");
  expect(slot.held?.token.reveal()).toBe(token(0));
  expect(credential.lost.aborted).toBe(false);
});

test("a refused call whose token was swapped meanwhile needs no renewal", async () => {
  const { credential, asked } = setUp();
  await credential.refresh();
  expect(await credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" })).toBe("renewed");
  expect(asked).toHaveLength(1);
});

test("a refused call waits for the refresh that is under way", async () => {
  const { credential, asked, slot } = setUp();
  await credential.acquire();
  const [, recovered] = await Promise.all([
    credential.refresh(),
    credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" }),
  ]);
  expect(recovered).toBe("renewed");
  expect(asked).toEqual([{ token: token(0), conflict: false }]);
  expect(slot.version).toBe(2);
});

test("T8: a refused token gives way to the one that its file holds by now", async () => {
  const { credential, file, slot, asked } = setUp();
  await credential.acquire();
  file.holds = token(0, "another family");
  expect(await credential.recover({ version: 1, reason: "TOKEN_REVOKED" })).toBe("renewed");
  expect(slot.held?.token.reveal()).toBe(file.holds);
  expect(asked).toEqual([]);
});

test("a token that somebody else refreshed is presented once more with the word conflict, before the file is taken", async () => {
  const { credential, file, slot, asked } = setUp();
  await credential.acquire();
  file.holds = token(1);
  expect(await credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" })).toBe("renewed");
  expect(asked).toEqual([{ token: token(0), conflict: true }]);
  expect(slot.held?.token.reveal()).toBe(token(1));
});

test("a stolen family's successor family is taken from the file", async () => {
  const next = token(0, "delivered after the theft");
  const { credential, file, slot } = setUp({
    answer: () => {
      file.holds = next;
      throw refusedFor("TOKEN_REUSED");
    },
  });
  await credential.acquire();
  file.holds = token(1);
  expect(await credential.recover({ version: 1, reason: "TOKEN_REUSED" })).toBe("renewed");
  expect(slot.held?.token.reveal()).toBe(next);
});

test("while the gateway cannot be told of the conflict, the file's token is not taken", async () => {
  const { credential, file, slot } = setUp({ answer: answers(unavailable()) });
  await credential.acquire();
  file.holds = token(1);
  expect(await credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" })).toBe("try-again");
  expect(slot.held?.token.reveal()).toBe(token(0));
});

test("A-39: after a refresh whose answer was lost, being superseded is no conflict", async () => {
  let lost = true;
  const { credential, asked } = setUp({
    answer: () => {
      if (lost) throw unavailable();
      return token(1);
    },
  });
  expect(await credential.refresh()).toBe("try-again");
  lost = false;
  expect(await credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" })).toBe("renewed");
  expect(asked.map(({ conflict }) => conflict)).toEqual([false, false]);
});

test("a refresh that the gateway declined leaves no successor behind, so being superseded later is a conflict", async () => {
  let declines = true;
  const { credential, asked } = setUp({
    answer: () => {
      if (declines) throw new ConnectError("slow down", Code.ResourceExhausted);
      return token(1);
    },
  });
  await credential.refresh();
  declines = false;
  await credential.recover({ version: 1, reason: "TOKEN_SUPERSEDED" });
  expect(asked.map(({ conflict }) => conflict)).toEqual([false, true]);
});

test.each([undefined, "TOKEN_EXPIRED", "TOKEN_REVOKED"])("a refusal for %s is no conflict", async (reason) => {
  const { credential, asked } = setUp();
  await credential.acquire();
  await credential.recover({ version: 1, reason });
  expect(asked).toEqual([{ token: token(0), conflict: false }]);
});

test("a token that comes within the grace is picked up", async () => {
  const { credential, file, slot, clock } = setUp({ answer: answers(refusedFor("TOKEN_REVOKED")) });
  await credential.acquire();
  const recovery = credential.recover({ version: 1, reason: "TOKEN_REVOKED" });
  await clock.advance(0);
  await clock.advance(4000);
  file.holds = token(0, "delivered");
  await clock.advance(250);
  expect(await recovery).toBe("renewed");
  expect(slot.version).toBe(2);
});

test("T5: a token that is refused with nothing newer in its file is lost after the grace", async () => {
  const { credential, clock } = setUp({ answer: answers(refusedFor("TOKEN_REVOKED")) });
  await credential.acquire();
  const recovery = credential.recover({ version: 1, reason: "TOKEN_REVOKED" });
  await clock.advance(0);
  await clock.advance(4900);
  expect(credential.lost.aborted).toBe(false);
  await clock.advance(200);
  expect(await recovery).toBe("lost");
  expect(credential.lost.aborted).toBe(true);
  expect(await credential.recover({ version: 1, reason: undefined })).toBe("lost");
});

test("T8: a token that ran out waits longer, until the gateway delivers another", async () => {
  const { credential, file, clock } = setUp({ answer: answers(refusedFor("TOKEN_EXPIRED")) });
  await credential.acquire();
  const recovery = credential.recover({ version: 1, reason: "TOKEN_EXPIRED" });
  await clock.advance(0);
  await clock.advance(50_000);
  file.holds = token(0, "delivered");
  await clock.advance(250);
  expect(await recovery).toBe("renewed");
});

test("a token out of the environment has no other place to look, and is lost at once", async () => {
  const { credential } = setUp({ kind: "environment", answer: answers(refusedFor("TOKEN_REVOKED")) });
  await credential.acquire();
  expect(await credential.recover({ version: 1, reason: "TOKEN_REVOKED" })).toBe("lost");
});

test("a sandbox that the gateway does not know any more has no token either", async () => {
  const { credential } = setUp({ kind: "environment", answer: answers(new ConnectError("gone", Code.NotFound)) });
  await credential.acquire();
  expect(await credential.refresh()).toBe("lost");
});

test("a ServiceAccount is exchanged again when its token is refused", async () => {
  const { credential, file, slot, asked } = setUp({ kind: "kubernetes" });
  await credential.acquire();
  file.holds = token(0, "exchanged again");
  expect(await credential.recover({ version: 1, reason: "TOKEN_REVOKED" })).toBe("renewed");
  expect(slot.held?.token.reveal()).toBe(file.holds);
  expect(asked).toEqual([]);
});
