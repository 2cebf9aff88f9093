// All that a queue has in Redis, in a form in which two queues can be compared: made-up ids numbered in the order in
// which the jobs came, times of the clock all one and the same, the key order of JSON without meaning.
import type { Redis } from 'ioredis';

export type Keyspace = Record<string, unknown>;

const year = 365 * 24 * 3_600_000;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
// Milliseconds since the epoch, alone or at the end of an iteration's id.
const milliseconds = /\b1\d{12}(\.\d+)?\b/g;
const someTime = '1000000000000';

export async function keyspaceOf(redis: Redis, queue: string): Promise<Keyspace> {
  const prefix = `bull:${queue}:`;
  const stream = await redis.xrange(`${prefix}events`, '-', '+');
  const numbers = new Map<string, string>();
  const plain = (text: string): string =>
    text
      .replaceAll(queue, 'QUEUE')
      .replace(uuid, (id) => numbers.get(id) ?? numbers.set(id, `UUID${numbers.size + 1}`).get(id)!)
      .replace(milliseconds, (digits) => (Math.abs(Number(digits) - Date.now()) < 2 * year ? someTime : digits));
  const events = stream.map(([, fields]) => pairs(fields.map(plain)));

  const keyspace: Keyspace = { events };
  for (const key of (await redis.keys(`${prefix}*`)).sort()) {
    const suffix = key.slice(prefix.length);
    if (suffix === 'events') continue;
    keyspace[plain(suffix)] = await valueOf(redis, key, plain);
  }
  return Object.fromEntries(Object.entries(keyspace).sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function valueOf(redis: Redis, key: string, plain: (text: string) => string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string': {
      const expires = (await redis.pttl(key)) > 0;
      return expires ? { value: plain((await redis.get(key))!), expires } : plain((await redis.get(key))!);
    }
    case 'list':
      return (await redis.lrange(key, 0, -1)).map(plain);
    case 'set':
      return (await redis.smembers(key)).map(plain).sort();
    case 'hash':
      return Object.fromEntries(
        Object.entries(await redis.hgetall(key))
          // Another library has no reason to sign with the version of Node's.
          .filter(([field]) => field !== 'version')
          .map(([field, text]) => [plain(field), alike(field, looseJson(plain(text)))])
          .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
      );
    case 'zset': {
      const members = await redis.zrange(key, 0, -1, 'WITHSCORES');
      // Of delayed jobs the score is milliseconds * 4096 and more.
      const score = (text: string) => (Number(text) > 1e15 && !key.endsWith(':prioritized') ? 'due' : plain(text));
      return pairs(members.map((text, index) => (index % 2 === 0 ? plain(text) : score(text))));
    }
    default:
      throw new Error(`${key} is of an unexpected type`);
  }
}

// What may differ: how far a schedule's next run was away when it was asked for (what tests ask for are whole minutes), the
// text of a stack, and options that say what is so without them.
function alike(field: string, value: unknown): unknown {
  if (field === 'stacktrace' && Array.isArray(value)) return `${value.length} stacks`;
  if (field === 'opts' && typeof value === 'object' && value !== null) {
    const needless: Record<string, unknown> = { attempts: 0, delay: 0, priority: 0, lifo: false };
    const options = Object.entries(value).filter(([name, member]) => !(name in needless && needless[name] === member));
    return options.length === 0
      ? undefined
      : Object.fromEntries(options.map(([name, member]) => [name, alike(name, member)]));
  }
  if (field === 'backoff' && typeof value === 'number') return { type: 'fixed', delay: value };
  const reckoned = (field === 'delay' || field === 'offset') && typeof value === 'number' && value % 60_000 !== 0;
  return reckoned ? 'reckoned' : value;
}

function pairs(flat: string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : [])));
}

// Compared as values where it is JSON: Redis' cjson writes members in any order.
function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
