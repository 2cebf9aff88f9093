import { setTimeout as sleep } from 'node:timers/promises';

// Asks again until the answer is there; throws what `probe` threw last when the time is over.
export async function until<T>(probe: () => Promise<T | undefined | false>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw failure ?? new Error(`not within ${timeoutMs} ms`);
    await sleep(25);
  }
}
