import { expect, test } from "vitest";
import { PolicyStatus } from "../../../../gen/openshell/v1/policy_pb.ts";
import { openConfiguration } from "./opened.ts";
import { policy } from "./policies.ts";

const { LOADED, FAILED } = PolicyStatus;
const version = (index: number) => policy({ filesystem: { readOnly: [`/v${index}`] } });

async function withVersions(count: number) {
  const opened = await openConfiguration();
  const a = await opened.sandbox(version(1));
  for (let index = 2; index <= count; index += 1) await opened.user(a, { policy: version(index) });
  return { ...opened, a };
}

test("the version that a sandbox runs is the newest that it said it loaded", async () => {
  const { a, report, configuration } = await withVersions(3);
  const heard: number[] = [];
  using _listening = configuration.onChange(({ loadedVersion }) => heard.push(loadedVersion));
  expect(configuration.loadedVersion(a.id)).toBe(0);
  await report(a, 1, LOADED);
  await report(a, 3, LOADED);
  await report(a, 2, LOADED);
  expect(configuration.loadedVersion(a.id)).toBe(3);
  expect(heard).toEqual([1, 3]);
});

test("a version that fails leaves the one before it running", async () => {
  const { a, report, configuration } = await withVersions(2);
  await report(a, 1, LOADED);
  await report(a, 2, FAILED, "line 3: no such user");
  expect(configuration.loadedVersion(a.id)).toBe(1);
});

test("the same report again changes nothing", async () => {
  const { a, report, configuration } = await withVersions(1);
  await report(a, 1, LOADED);
  const heard: number[] = [];
  using _listening = configuration.onChange(({ loadedVersion }) => heard.push(loadedVersion));
  await report(a, 1, LOADED);
  expect(heard).toEqual([]);
});

test.each([
  ["a version that never was", 9, LOADED, "not-found"],
  ["version 0", 0, LOADED, "request-invalid"],
  ["a status that is not a sandbox's to say", 1, PolicyStatus.SUPERSEDED, "request-invalid"],
  ["pending, which it was before", 1, PolicyStatus.PENDING, "request-invalid"],
  ["no status", 1, PolicyStatus.UNSPECIFIED, "request-invalid"],
  ["a status that nobody knows", 1, 77 as PolicyStatus, "request-invalid"],
])("a report is refused for %s", async (_what, number, status, reason) => {
  const { a, report, configuration } = await withVersions(1);
  await expect(report(a, number, status)).rejects.toMatchObject({ reason });
  expect(configuration.loadedVersion(a.id)).toBe(0);
});

test("a sandbox reports of its own versions alone", async () => {
  const { sandbox, report } = await withVersions(2);
  const b = await sandbox(version(1), "beta");
  await expect(report(b, 2, LOADED)).rejects.toMatchObject({ reason: "not-found" });
});
