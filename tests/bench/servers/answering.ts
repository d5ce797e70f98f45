/** Answers the parent's messages one by one with what `answer` gives, says first that it is there, ends with the parent. */
export function answering(answer: (message: { ask: string }) => unknown, end: () => unknown): void {
  process.on("message", async (message: { ask: string }) => {
    if (message.ask === "collect") globalThis.gc?.();
    process.send?.((await answer(message)) ?? {});
  });
  process.on("disconnect", async () => {
    await end();
    process.exit();
  });
  process.send?.({});
}
