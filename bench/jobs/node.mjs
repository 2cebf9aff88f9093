// BullMQ of Node under measurement; the counterpart of ours.cpp, whose head says which lines it takes.
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Queue, Worker } from 'bullmq';

const connection = { url: process.env.REDIS_URL };
const name = process.env.QUEUE;
const queue = new Queue(name, { connection });

const invite = () => ({
  email: 'amina.odhiambo@duka.example',
  shop: 'Duka la Amina, Kenyatta Avenue',
  role: 'cashier',
  language: 'sw-KE',
  expiresAt: 1_795_346_722_180,
});
const opts = { removeOnComplete: true };
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

async function addInTurn(end) {
  let jobs = 0;
  for (; performance.now() < end; ++jobs) await queue.add('invite', invite(), opts);
  return jobs;
}

const operations = {
  async add(seconds, inFlight) {
    const began = performance.now();
    const lanes = Array.from({ length: inFlight }, () => addInTurn(began + seconds * 1_000));
    return { jobs: sum(await Promise.all(lanes)), time: performance.now() - began };
  },
  async bulk(seconds, size) {
    const began = performance.now();
    let jobs = 0;
    while (performance.now() < began + seconds * 1_000)
      jobs += (await queue.addBulk(Array.from({ length: size }, () => ({ name: 'invite', data: invite(), opts }))))
        .length;
    return { jobs, time: performance.now() - began };
  },
  async process(jobs, concurrency) {
    let left = jobs;
    let worker;
    const began = performance.now();
    const time = await new Promise((resolve) => {
      const handler = async ({ data }) => {
        if (data.email === '') throw new Error('an invitation for nobody');
        if (--left === 0) resolve(performance.now() - began);
      };
      worker = new Worker(name, handler, { connection, concurrency });
    });
    await worker.close();
    return { jobs, time };
  },
};

await queue.waitUntilReady();
for await (const line of createInterface({ input: process.stdin })) {
  const [operation, amount, width] = line.split(' ');
  const { jobs, time } = await operations[operation](Number(amount), Number(width));
  console.log(JSON.stringify({ jobs, microseconds: Math.round(time * 1_000) }));
}
await queue.close();
