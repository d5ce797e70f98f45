import { expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { describeDatabase } from "../../../src/program/describe-database.ts";

test.each([
  ["postgres://ada:hunter2@db.example:6432/openshell", "openshell, Postgres on db.example"],
  ["postgresql://ada:hunter2@[::1]/my%20db?sslmode=disable", "my db, Postgres on [::1]"],
  [
    "postgres://ada:hunter2@x/openshell?host=%2Frun%2Fpostgresql&application_name=hunter2",
    "openshell, Postgres on /run/postgresql",
  ],
])("T7: %s is told by its host and its name alone", (url, told) => {
  expect(describeDatabase({ kind: "postgres", url: new Secret(url), connections: 10 })).toBe(told);
});

test("a file is told by its path", () => {
  expect(describeDatabase({ kind: "sqlite", path: "/a/b.db" })).toBe("/a/b.db");
});
