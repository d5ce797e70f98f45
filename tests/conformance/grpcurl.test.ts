import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { findTool } from "./find-tool.ts";
import { createGrpcurl, type Grpcurl } from "./grpcurl.ts";

const program = findTool("grpcurl");
const unauthenticated = 64 + 16;

if (program === undefined) {
  test.skip("skipped, grpcurl is not installed: see docs/conformance.md");
} else {
  describe("grpcurl, which knows nothing but what the gateway tells it", () => {
    const life = new AsyncDisposableStack();
    let gateway: TestGateway;
    let asUser: Grpcurl;
    let asSandbox: Grpcurl;

    beforeAll(async () => {
      gateway = life.use(await startTestGateway({ settings: { reflection: true } }));
      asUser = createGrpcurl(program, gateway.url);
      asSandbox = createGrpcurl(program, gateway.sandboxesUrl);
    });
    afterAll(() => life.disposeAsync());

    test("lists the services and their methods", async () => {
      const { output } = await asUser(["list"]);
      expect(output.trim().split("\n")).toEqual(
        expect.arrayContaining([
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
          "openshell.inference.v1.Inference",
          "openshell.v1.OpenShell",
        ]),
      );
      const methods = await asUser(["list", "openshell.v1.OpenShell"]);
      expect(methods.output).toContain("openshell.v1.OpenShell.RefreshSandboxToken\n");
    });

    test("describes a method with its options, and a message", async () => {
      const method = await asUser(["describe", "openshell.v1.OpenShell.GetSandboxConfig"]);
      expect(method.output).toContain('auth_mode: "dual"');
      const message = await asUser(["describe", "openshell.sandbox.v1.GetSandboxConfigRequest"]);
      expect(message.output).toContain("string sandbox_id = 1");
    });

    test("asks for health, of the gateway and of a service", async () => {
      for (const service of ["", "openshell.v1.OpenShell"]) {
        const { exit, output } = await asUser(["grpc.health.v1.Health/Check"], { request: { service } });
        expect({ exit, ...JSON.parse(output) }).toEqual({ exit: 0, status: "SERVING" });
      }
    });

    test("calls the older reflection service", async () => {
      const { output } = await asUser(["grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"], {
        request: { listServices: "" },
      });
      expect(JSON.parse(output).listServicesResponse.service).toContainEqual({ name: "openshell.v1.OpenShell" });
    });

    test("calls as a user and as a sandbox, and not with a token that is none", async () => {
      const method = "openshell.v1.OpenShell/GetSandboxConfig";
      const sandbox = await gateway.createSandbox("curled");
      const request = { sandboxId: sandbox.id };
      const token = await sandbox.token();
      for (const answer of [await asUser([method], { request }), await asSandbox([method], { request, token })]) {
        expect(answer).toMatchObject({ exit: 0, complaint: "" });
        expect(JSON.parse(answer.output)).toMatchObject({ workspace: "default" });
      }
      const refused = await asSandbox([method], { request, token: `${token}x` });
      expect(refused).toMatchObject({ exit: unauthenticated, output: "" });
      expect(refused.complaint).toContain("Code: Unauthenticated");
      expect(refused.complaint).not.toContain(token);
    });
  });
}
