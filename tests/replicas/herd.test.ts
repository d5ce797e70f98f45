import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { openStore } from "../../src/store/index.ts";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { GatewayProcess } from "../service/herd/gateway-process.ts";
import { type Attempt, Herd } from "../service/herd/herd.ts";
import { readyCount } from "../service/herd/ready-count.ts";
import { seedSandboxes } from "../service/herd/seed-sandboxes.ts";
import { describePostgres, usePostgres } from "../support/postgres.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const count = 2_000;
/** For machines that do a lot beside; an idle one needs a fifth of it. */
const patienceMs = 120_000;

describePostgres("2,000 supervisors of two replicas", () => {
  const life = new AsyncDisposableStack();
  let replicas: readonly [GatewayProcess, GatewayProcess];
  let herd: Herd;

  beforeAll(async () => {
    const { path } = life.use(temporaryDirectory());
    const postgres = life.use(await usePostgres());
    const { url } = life.use(await postgres.createDatabase());
    const signingKey = generateSigningKey().signing.reveal();
    await using store = await openStore({ database: { kind: "postgres", url }, log: silentLog });
    const sandboxes = await seedSandboxes(store, signingKey, count);
    const start = async (replica: string) =>
      life.use(
        await GatewayProcess.start(
          { database: { kind: "postgres", url: url.reveal() }, replica, port: 0, signingKey },
          path,
        ),
      );
    replicas = await Promise.all([start("a"), start("b")]);
    herd = life.use(new Herd({ sandboxes, endpoints: replicas.map((replica) => replica.url), perConnection: 8 }));
    await herd.everybody();
  }, patienceMs);

  afterAll(() => life.disposeAsync());

  const allAreReadyAt = async (url: string) =>
    expect.poll(() => readyCount(url, count), { timeout: 30_000, interval: 250 }).toBe(count);

  test(
    "weakness 10: are ready at both, and one that is killed loses them to the other, which refuses nobody",
    async () => {
      const [killed, other] = replicas;
      await Promise.all([allAreReadyAt(killed.url), allAreReadyAt(other.url)]);
      const before = herd.attempts.length;
      const lost = herd.attempts.filter(({ endedAt }) => endedAt === undefined);
      expect(lost).toHaveLength(count);
      await killed.kill();
      await expect.poll(() => herd.attempts.length, { timeout: 30_000 }).toBeGreaterThan(before);
      await herd.everybody();
      const tried = herd.attempts.slice(before);
      const refusals = tried.filter(({ failure }) => failure !== undefined);
      expect(tried.length).toBeGreaterThan(refusals.length);
      // Nothing else goes wrong than that one of the two is not there.
      expect(refusals.filter((attempt) => !wasBroken(attempt))).toEqual([]);
      await allAreReadyAt(other.url);
    },
    patienceMs,
  );
});

const wasBroken = ({ failure }: Attempt) => failure?.rawMessage.startsWith("the connection broke") === true;
