// The guard of URLs that tenants give (src/client/guard.h), judged by a second opinion that shares no code with it: the WHATWG URL and
// the net.BlockList of Node. What the guard lets through, the second opinion must let through, to the same host, port and
// addresses. Where the guard alone refuses, one of `stricter` says why, and the code that it gives.
import { BlockList, isIP } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { exampleEnvironment, repository } from './support/environment.js';
import { run } from './support/process.js';
import {
  addresses,
  type Attempt,
  fourSpellings,
  names,
  plainAddresses,
  redirects,
  sixSpellings,
  written,
} from './support/url-grammar.js';

// ---- The second opinion ----------------------------------------------------------------------------------------------

// IANA's special-purpose registries for IPv4 and IPv6, and Azure's 168.63.129.16. What is not in 2000::/3 belongs to nobody.
const networks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16/32', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...[
    '::/128',
    '::1/128',
    '::/96',
    '::ffff:0:0/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001::/32',
    '2001:2::/48',
  ],
  ...['2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
  ...['::/3', '4000::/2', '8000::/1'],
];
// One list for each family: a BlockList takes an IPv4 address for ::ffff:…, too, when it has IPv6 networks.
const blocked = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const network of networks) {
  const [prefix = '', bits] = network.split('/');
  const family = isIP(prefix) === 6 ? 'ipv6' : 'ipv4';
  blocked[family].addSubnet(prefix, Number(bits), family);
}

// One spelling for each address: that of a URL's host.
function canonical(address: string): string | undefined {
  if (isIP(address) === 0 || address.includes('%')) return undefined;
  return isIP(address) === 6 ? new URL(`https://[${address}]/`).hostname.slice(1, -1) : address;
}

function isPublic(written: string): boolean {
  const address = canonical(written);
  if (address === undefined) return false;
  const translated = /^64:ff9b::(?:([0-9a-f]+):)?([0-9a-f]+)$/.exec(address);
  if (translated) {
    const value = parseInt(translated[1] ?? '0', 16) * 65536 + parseInt(translated[2]!, 16);
    return isPublic([24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.'));
  }
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return !blocked[family].check(address, family);
}

// Not URL.canParse(): once V8 has optimised the call, Node 20 takes Latin-1 for UTF-8 there.
function parse(text: string, from?: URL): URL | undefined {
  try {
    return new URL(text, from);
  } catch {
    return undefined;
  }
}

const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

interface Opinion {
  url: URL;
  addresses: string[];
}

class SecondOpinion {
  private readonly asked = new Map<string, number>();
  last: URL | undefined;

  constructor(private readonly attempt: Attempt) {}

  // undefined: refused.
  of(visit: Attempt['visits'][number]): Opinion | undefined {
    const from = 'redirect' in visit ? this.last : undefined;
    const text = 'redirect' in visit ? visit.redirect : visit.check;
    const url = parse(text, from);
    if (!url) return undefined;
    const calledPorts =
      url.protocol === 'https:' ? [443] : url.protocol === 'http:' ? (this.attempt.httpPorts ?? []) : [];
    if (!calledPorts.includes(portOf(url)) || url.username !== '' || url.password !== '') return undefined;
    if (!('redirect' in visit) && url.hash !== '') return undefined;
    if (/(^|\.)localhost$/.test(url.hostname)) return undefined;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const found = isIP(host) !== 0 ? [host] : this.look(host);
    if (found.length === 0 || !found.every(isPublic)) return undefined;
    this.last = url;
    return { url, addresses: found.map((address) => canonical(address)!) };
  }

  private look(host: string): string[] {
    const list = this.attempt.answers?.[host] ?? this.attempt.answers?.['*'] ?? [];
    const name = this.attempt.answers?.[host] ? host : '*';
    const times = this.asked.get(name) ?? 0;
    this.asked.set(name, times + 1);
    return list[Math.min(times, list.length - 1)] ?? [];
  }
}

// ---- Where the guard is stricter, and why ----------------------------------------------------------------------------

interface Rule {
  why: string;
  code: string;
  applies: (text: string, url: URL, visit: Attempt['visits'][number], from?: URL) => boolean;
}

// What stands between the slashes and the first of / ? #.
const authority = (text: string) => /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
const labels = (url: URL) => url.hostname.split('.');
const isAddress = (url: URL) => isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0;

const stricter: Rule[] = [
  {
    why: 'WHATWG removes some white space and control characters, encodes others and takes \\ for /; other readers do not',
    code: 'url.malformed',
    // eslint-disable-next-line no-control-regex
    applies: (text) => /[\u0000-\u0020\u007f\\]/.test(text),
  },
  {
    why: 'WHATWG takes any number of slashes before the host of https, none as well',
    code: 'url.malformed',
    applies: (text) => /^(?:[a-z][a-z0-9+.-]*:(?!\/\/[^/])|\/\/\/)/i.test(text),
  },
  {
    why: 'an @ with nothing before it is no user name for WHATWG, and may be one for others',
    code: 'url.credentials',
    applies: (text) => authority(text).includes('@'),
  },
  {
    why: 'WHATWG decodes %XX in a host, others send it to the name servers',
    code: 'url.host',
    applies: (text) => authority(text).includes('%'),
  },
  {
    why: 'a # with nothing behind it',
    code: 'url.fragment',
    applies: (text, url, visit) => 'check' in visit && text.includes('#') && url.hash === '',
  },
  {
    why: 'a name with a dot at its end, or two in it, has two spellings',
    code: 'url.host',
    applies: (_, url) => labels(url).includes(''),
  },
  {
    why: 'an address with a dot at its end: WHATWG takes it for the address, libcurl for a name',
    code: 'url.host',
    applies: (text, url) => isAddress(url) && /\.(?::\d*)?$/.test(authority(text)),
  },
  {
    why: 'a name without a dot is one of the own network',
    code: 'url.host',
    applies: (_, url) => labels(url).length === 1 && !isAddress(url),
  },
  {
    why: 'WHATWG lets ! $ & and the like into names',
    code: 'url.host',
    applies: (_, url) => !isAddress(url) && !/^[a-z0-9._-]*$/.test(url.hostname),
  },
  {
    why: 'a label has 63 characters, a name 253',
    code: 'url.host',
    applies: (_, url) => url.hostname.length > 253 || labels(url).some((label) => label.length > 63),
  },
  {
    why: 'IDNA 2008 has no symbols, joiners only where a script needs them, and no label of Arabic digits; WHATWG takes all three',
    code: 'url.host',
    applies: (text) => /\p{So}|\u200c|\u200d|[\u0660-\u0669]|xn--/iu.test(authority(text)),
  },
  {
    why: '2,048 bytes at most, written as %XX',
    code: 'url.too_long',
    applies: (_, url) => url.href.length > 2048,
  },
  {
    why: 'a redirect to the same place leads nowhere',
    code: 'url.malformed',
    applies: (text, _url, visit) => 'redirect' in visit && /^(?:#|$)/.test(text),
  },
  {
    why: 'a redirect from https to http',
    code: 'url.scheme',
    applies: (_, url, visit, from) => 'redirect' in visit && from?.protocol === 'https:' && url.protocol === 'http:',
  },
];

// ---- The guard -------------------------------------------------------------------------------------------------------

type Answer =
  { url: string; host: string; port: number; addresses: string[] } | { code: string; detail: string; cause: string };

const probe = (() => {
  const env = exampleEnvironment();
  const root = process.env.BACKEND_API_BUILD_ROOT ?? path.join(repository, 'build');
  return { program: path.join(root, env.EXAMPLE_PRESET!, 'fuzz/url_guard_probe'), env };
})();

async function ask(lines: (Attempt & { hole?: string })[]): Promise<Answer[][]> {
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const { code, output } = await run(probe.program, [], probe.env, { input });
  if (code !== 0) throw new Error(`url_guard_probe ended with ${code}:\n${output.slice(-4000)}`);
  return output.split('\n').map((line) => JSON.parse(line) as Answer[]);
}

const used = new Set<Rule>();

// libcurl writes %c3 where WHATWG writes %C3, leaves out a ? with nothing behind it, and takes a redirect to .//x for one to x.
const plain = (href: string) =>
  href
    .replace(/%[0-9a-f]{2}/gi, (byte) => byte.toUpperCase())
    .replace(/\?$/, '')
    .replace(/(?<!:)\/{2,}/g, '/');

// Where the two do not agree, in words.
function compare(attempt: Attempt, answers: Answer[]): string[] {
  const opinion = new SecondOpinion(attempt);
  for (const [i, answer] of answers.entries()) {
    const visit = attempt.visits[i]!;
    const from = opinion.last;
    const text = 'redirect' in visit ? visit.redirect : visit.check;
    const second = opinion.of(visit);
    const tell = (what: string) => [
      `${JSON.stringify(attempt)}, visit ${i + 1}: ${what}; ours: ${JSON.stringify(answer)}`,
    ];
    if ('code' in answer) {
      if (!second) return [];
      const rule = stricter.find(({ code, applies }) => code === answer.code && applies(text, second.url, visit, from));
      if (!rule) return tell('refused by ours alone, and no rule says why');
      used.add(rule);
      return [];
    }
    if (!second) return tell('let through by ours alone');
    const { url } = second;
    url.hash = '';
    const [one, other] = [new URL(answer.url), url].map(({ href }) => plain(href));
    if (one !== other) return tell(`another place: ${one} and ${other}`);
    if (answer.host !== url.hostname) return tell('another host');
    if (answer.port !== portOf(url)) return tell('another port');
    if (answer.addresses.map(canonical).join() !== second.addresses.join()) return tell('other addresses are called');
  }
  return [];
}

async function disagreements(attempts: (Attempt & { hole?: string })[]) {
  const answers = await ask(attempts);
  expect(answers.length).toBe(attempts.length);
  const through = answers.filter((visits) => visits.every((answer) => 'url' in answer)).length;
  return { found: attempts.flatMap((attempt, i) => compare(attempt, answers[i]!)), through };
}

describe('URLs of tenants', () => {
  const everything = {
    addresses: addresses(networks),
    written: written(),
    redirects: redirects(networks),
    names: names(),
  };

  test('the grammar has at least twenty spellings of a host', () => {
    expect(Object.keys(fourSpellings).length).toBeGreaterThanOrEqual(20);
    expect(Object.keys(sixSpellings).length).toBeGreaterThanOrEqual(8);
  });

  for (const [what, attempts] of Object.entries(everything)) {
    test(`${what}: both agree, or a rule says why not`, async () => {
      const { found, through } = await disagreements(attempts);
      expect(found.slice(0, 20)).toEqual([]);
      // Neither nothing nor everything.
      expect(through).toBeGreaterThan(attempts.length / 50);
      expect(through).toBeLessThan(attempts.length / 2);
    });
  }

  test('each rule was needed', () => {
    expect(stricter.filter((rule) => !used.has(rule)).map(({ why }) => why)).toEqual([]);
  });
});

describe('a guard with a hole', () => {
  test('has the ranges of the second opinion, and is noticed without any of them', async () => {
    const { output } = await run(probe.program, ['--ranges'], probe.env);
    const ranges = output.split('\n');
    expect([...ranges].sort()).toEqual([...networks].sort());
    const attempts = ranges.flatMap((hole) => plainAddresses([hole]).map((attempt) => ({ ...attempt, hole })));
    const answers = await ask(attempts);
    const noticed = attempts.filter((attempt, i) => compare(attempt, answers[i]!).length > 0).map(({ hole }) => hole);
    expect(ranges.filter((range) => !noticed.includes(range))).toEqual([]);
  });

  test.each(['first-address', 'asks-again', 'redirects'])('is noticed: %s', async (hole) => {
    const attempts = (hole === 'redirects' ? redirects([]) : names()).map((attempt) => ({ ...attempt, hole }));
    expect((await disagreements(attempts)).found.length).toBeGreaterThan(0);
  });
});
