import { expect, test } from "vitest";
import { parseEndpoint } from "../../../../src/cli/target/endpoint.ts";

test.each([
  ["http://127.0.0.1:17670", { url: "http://127.0.0.1:17670", secure: false, loopback: true }],
  ["http://127.0.0.1:17670/", { url: "http://127.0.0.1:17670", secure: false, loopback: true }],
  ["https://Gateway.Example", { url: "https://gateway.example", secure: true, loopback: false }],
  ["https://[::1]:8443", { url: "https://[::1]:8443", secure: true, loopback: true }],
  ["http://127.0.0.1.example", { url: "http://127.0.0.1.example", secure: false, loopback: false }],
  ["http://localhost.example", { url: "http://localhost.example", secure: false, loopback: false }],
])("%s is an endpoint", (text, endpoint) => {
  expect(parseEndpoint(text, "x")).toMatchObject(endpoint);
});

test.each([
  "",
  "127.0.0.1:17670",
  "localhost:17670",
  "ftp://host",
  "file:///etc/passwd",
  "http://",
  "http://host/path",
  "http://host?x=1",
  "http://host#x",
  "http://user:password@host",
  "http://user@host",
])("%j is no endpoint", (text) => {
  expect(() => parseEndpoint(text, "--gateway-endpoint")).toThrow(/^--gateway-endpoint: /);
});

test("a password in an endpoint is not repeated in the message", () => {
  expect(() => parseEndpoint("http://ada:hunter2@host", "ENDPOINT")).not.toThrow(/hunter2/);
});
