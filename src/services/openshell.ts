import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { defineService, type ServiceDefinition, unimplemented } from "../access/index.ts";
import type { ConfigHandlers } from "./config/index.ts";
import type { GatewayInfoHandlers } from "./gateway-info/index.ts";
import type { LogHandlers } from "./logs/index.ts";
import type { SandboxHandlers } from "./sandboxes/index.ts";
import type { SessionHandlers } from "./sessions/index.ts";
import type { TokenHandlers } from "./tokens/index.ts";

type OpenShellHandlers = GatewayInfoHandlers &
  SandboxHandlers &
  ConfigHandlers &
  LogHandlers &
  SessionHandlers &
  TokenHandlers;

/** `openshell.v1.OpenShell`: what is built, and by name what is not. */
export function openShellService(handlers: OpenShellHandlers): ServiceDefinition {
  return defineService(OpenShell, openShellAuthorization, {
    ...handlers,

    getGatewayConfig: unimplemented,
    getSandboxPolicyStatus: unimplemented,
    listSandboxPolicies: unimplemented,

    listSandboxProviders: unimplemented,
    attachSandboxProvider: unimplemented,
    detachSandboxProvider: unimplemented,
    getSandboxProviderEnvironment: unimplemented,
    createProvider: unimplemented,
    getProvider: unimplemented,
    listProviders: unimplemented,
    updateProvider: unimplemented,
    deleteProvider: unimplemented,
    listProviderProfiles: unimplemented,
    getProviderProfile: unimplemented,
    importProviderProfiles: unimplemented,
    updateProviderProfiles: unimplemented,
    lintProviderProfiles: unimplemented,
    deleteProviderProfile: unimplemented,
    getProviderRefreshStatus: unimplemented,
    configureProviderRefresh: unimplemented,
    rotateProviderCredential: unimplemented,
    deleteProviderRefresh: unimplemented,

    relayStream: unimplemented,
    reportMainProcessExit: unimplemented,
    execSandbox: unimplemented,
    execSandboxInteractive: unimplemented,
    forwardTcp: unimplemented,
    createSshSession: unimplemented,
    revokeSshSession: unimplemented,
    exposeService: unimplemented,
    getService: unimplemented,
    listServices: unimplemented,
    deleteService: unimplemented,

    submitPolicyAnalysis: unimplemented,
    getDraftPolicy: unimplemented,
    approveDraftChunk: unimplemented,
    rejectDraftChunk: unimplemented,
    approveAllDraftChunks: unimplemented,
    editDraftChunk: unimplemented,
    undoDraftChunk: unimplemented,
    clearDraftChunks: unimplemented,
    getDraftHistory: unimplemented,

    createWorkspace: unimplemented,
    getWorkspace: unimplemented,
    listWorkspaces: unimplemented,
    deleteWorkspace: unimplemented,
    addWorkspaceMember: unimplemented,
    removeWorkspaceMember: unimplemented,
    listWorkspaceMembers: unimplemented,
  });
}
