import { setTimeout as sleep } from 'node:timers/promises';

// How long a test waits for what must come: for a program with AddressSanitizer on a busy machine, not for an idle one.
export const patienceMs = 60_000;

// Asks again until the answer is there; throws what `probe` threw last when the time is over.
export async function until<T>(probe: () => Promise<T | undefined | false>, timeoutMs = patienceMs): Promise<T> {
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
