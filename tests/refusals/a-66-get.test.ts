import { expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { startFrontDoor } from "../protocols/support/fixture.ts";

const query = `?connect=v1&encoding=json&message=${encodeURIComponent("{}")}`;

test("A-66: no method is called by GET, with or without a token", async () => {
  await using fixture = await startFrontDoor();
  for (const method of OpenShell.methods) {
    for (const headers of [{}, { authorization: "Bearer user" }]) {
      const answer = await fetch(`${fixture.url}/openshell.v1.OpenShell/${method.name}${query}`, { headers });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("POST");
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  }
  expect(fixture.arrivals).toEqual([]);
});
