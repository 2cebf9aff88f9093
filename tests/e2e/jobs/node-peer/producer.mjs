// examples/producer on Node's own BullMQ: a JSON object a line in, a JSON line out, in order.
import { createInterface } from 'node:readline';
import { FlowProducer, Queue } from 'bullmq';

const connection = { url: process.env.REDIS_URL };
const queueName = process.env.QUEUE ?? 'conformance';
const queue = new Queue(queueName, { connection });
const flows = new FlowProducer({ connection });
for (const emitter of [queue, flows]) emitter.on('error', (error) => console.error(String(error)));

async function jobOf(id) {
  const job = await queue.getJob(id);
  if (!job) throw new Error(`no job ${id}`);
  return job;
}

// A flow names the queue of each node; here all are on this one.
const placed = (node) => ({ ...node, queueName, children: node.children?.map(placed) });

const operations = {
  add: async ({ name, data, opts }) => ({ id: (await queue.add(name, data, opts)).id }),
  bulk: async ({ jobs }) => ({ ids: (await queue.addBulk(jobs)).map((job) => job.id) }),
  scheduler: async ({ id, repeat, template }) => ({ id: (await queue.upsertJobScheduler(id, repeat, template)).id }),
  removeScheduler: async ({ id }) => ({ removed: await queue.removeJobScheduler(id) }),
  pause: async () => (await queue.pause(), {}),
  resume: async () => (await queue.resume(), {}),
  counts: async () => ({
    counts: await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'completed', 'failed'),
  }),
  state: async ({ id }) => ({ state: await queue.getJobState(id) }),
  async remove({ id }) {
    await (await jobOf(id)).remove();
    return {};
  },
  async retry({ id }) {
    await (await jobOf(id)).retry();
    return {};
  },
  async promote({ id }) {
    await (await jobOf(id)).promote();
    return {};
  },
  flow: async ({ flow }) => ({ id: (await flows.add(placed(flow))).job.id }),
};

async function answer(line) {
  try {
    const request = JSON.parse(line);
    if (!Object.hasOwn(operations, request.op)) throw new Error(`unknown op ${request.op}`);
    return await operations[request.op](request);
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await answer(line)));
await Promise.all([queue.close(), flows.close()]);
