// undici under measurement; the counterpart of ours.cpp, whose head says which lines it takes.
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';

let pool;

async function call(path, options) {
  const { statusCode, body } = await pool.request({ path, ...options });
  if (statusCode !== 200 && statusCode !== 201) throw new Error(`status ${statusCode}`);
  return body.json();
}

const operations = {
  async get() {
    const place = await call('/places/10027', {
      method: 'GET',
      headers: { accept: 'application/json', authorization: 'Bearer bench-token' },
    });
    if (place.name === '') throw new Error('a place without a name');
  },
  async post() {
    const taken = await call('/payments', {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer bench-token',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        amount: 120_000,
        currency: 'KES',
        phone: '+254712345678',
        reference: 'T001-01-10027',
      }),
    });
    if (taken.status !== 'taken') throw new Error('a payment that is not taken');
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [operation, seconds, inFlight] = line.split(' ');
  pool ??= new Pool(process.env.URL, { connections: Number(inFlight) });
  const began = performance.now();
  const end = began + Number(seconds) * 1_000;
  let calls = 0;
  const lane = async () => {
    for (; performance.now() < end; ++calls) await operations[operation]();
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, lane));
  console.log(JSON.stringify({ calls, microseconds: Math.round((performance.now() - began) * 1_000) }));
}
await pool?.close();
