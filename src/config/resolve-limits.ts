import type { LimitConfig } from "./gateway-config.ts";
import type { Settings } from "./setting.ts";

export function resolveLimits(settings: Settings): LimitConfig {
  return {
    messageBytes: settings.maxMessageBytes.value,
    answerBytes: settings.maxAnswerBytes.value,
    headerBytes: settings.maxHeaderBytes.value,
    streamsPerConnection: settings.maxStreamsPerConnection.value,
    streamsPerSandbox: settings.maxStreamsPerSandbox.value,
    healthWatchers: settings.maxHealthWatchers.value,
    connections: settings.maxConnections.value,
    requestMs: settings.requestTimeoutSecs.value * 1000,
    headersMs: settings.headersTimeoutSecs.value * 1000,
    openingMs: settings.openingTimeoutSecs.value * 1000,
    firstRequestMs: settings.firstRequestTimeoutSecs.value * 1000,
    idleMs: settings.idleTimeoutSecs.value * 1000,
    pingMs: settings.pingIntervalSecs.value * 1000,
    pingAckMs: settings.pingTimeoutSecs.value * 1000,
  };
}
