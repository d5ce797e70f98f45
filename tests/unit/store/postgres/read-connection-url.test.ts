import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Secret } from "../../../../src/core/secret.ts";
import { readConnectionUrl } from "../../../../src/store/postgres/read-connection-url.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const read = (url: string) => readConnectionUrl(new Secret(url));

test("all that a URL says is read, escapes undone", () => {
  expect(
    read("postgresql://a%40b:p%2F%3A%40w@db.example:6432/open%20shell?sslmode=disable&application_name=eu"),
  ).toEqual({
    ...{ host: "db.example", port: 6432, database: "open shell", user: "a@b", password: "p/:@w" },
    ...{ application_name: "eu", ssl: false },
  });
});

test("what it does not say has its usual value", () => {
  expect(read("postgres://ada@localhost/openshell")).toEqual({
    ...{ host: "localhost", port: 5432, database: "openshell", user: "ada", password: undefined },
    ...{ application_name: "openshell-gateway", ssl: false },
  });
});

test.each([
  ["postgres://ada@localhost/db?host=/run/postgresql", "/run/postgresql"],
  ["postgres://ada@[::1]/db", "::1"],
  ["postgres://ada@127.0.0.1/db", "127.0.0.1"],
])("%s is near and needs no TLS", (url, host) => {
  expect(read(url)).toMatchObject({ host, ssl: false });
});

test.each(["", "?sslmode=verify-full", "?sslmode=verify-ca", "?sslmode=require"])(
  "a host that is not near is held to its certificate and its name (%s)",
  (query) => {
    expect(read(`postgres://ada@db.example/openshell${query}`).ssl).toEqual({ host: "db.example" });
  },
);

test("loopback is held to its certificate where the URL wants that", () => {
  expect(read("postgres://ada@127.0.0.1/db?sslmode=verify-full").ssl).toEqual({ host: "127.0.0.1" });
});

test("certificates are read from their files", () => {
  using directory = temporaryDirectory();
  const [ca, cert, key] = ["ca", "cert", "key"].map((name) => join(directory.path, name));
  for (const path of [ca, cert, key]) writeFileSync(path!, `in ${path}`);
  expect(read(`postgres://ada@db.example/openshell?sslrootcert=${ca}&sslcert=${cert}&sslkey=${key}`).ssl).toEqual({
    ...{ host: "db.example", ca: `in ${ca}`, cert: `in ${cert}`, key: `in ${key}` },
  });
});

test.each([
  ["mysql://ada:hunter2@localhost/db", "not of the form postgres://host/database"],
  ["postgres://ada:hun/ter2@localhost/db", "not of the form"],
  ["hunter2", "not of the form"],
  ["postgres:///db?user=ada", "a parameter that is not known"],
  ["postgres://ada:hunter2@localhost/db?password=hunter2", "a parameter that is not known"],
  ["postgres://ada:hunter2@localhost", "names no database"],
  ["postgres://ada:hunter2@localhost/", "names no database"],
  ["postgres://localhost/hunter2", "names no user"],
  ["postgres:///hunter2", "names no host"],
  ["postgres://ada:hunter2%@localhost/db", "a % that is not part of an escape"],
  ["postgres://ada:hunter2@localhost/db?sslmode=prefer", "sslmode is none of"],
  ["postgres://ada:hunter2@localhost/db?sslmode=no-verify", "sslmode is none of"],
  ["postgres://ada:hunter2@db.example/db?sslrootcert=/nowhere/hunter2", "the file that its sslrootcert names"],
])("T7: %s is refused with a reason, and without a byte of it", (url, reason) => {
  expect(() => read(url)).toThrow(reason);
  expect(() => read(url)).not.toThrow("hun");
});
