/** Does a job so often, forty at a time: those that wait for a connection have to get it within seconds, on any machine. */
export async function inParallel<T>(times: number, job: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < times; index = next++) results[index] = await job(index);
  };
  await Promise.all(Array.from({ length: 40 }, work));
  return results;
}
