// Every reply that a client of the suite gets, held against the OpenAPI document of the server that gave it: status, content
// type, body, headers, codes of problems. What differs is kept, and contract-setup.ts fails the test in which it came: thrown
// here it would be lost in a test that sends again until there is an answer.
//
//     await learnContract(service.url);                 // startService() does it
//     await fetch(`${service.url}/v1/sales?limit=5`);   // compared, whoever calls it: contract-setup.ts sees to that
//     contract.check({ method: 'GET', path: '/v1/sales?limit=5', status: 200, headers, text });   // of another client
//
// Other clients: demo-day's, Chromium on the docs page. Not compared: bytes over a socket (raw.ts), curl, programs of their own.
// Of those the server's own check (src/openapi/reply_check.h) knows status and code, and what it logs comes here as well.
import { get } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Process } from './process.js';

export interface Exchange {
  method: string;
  // With its query.
  path: string;
  status: number;
  headers: Iterable<[string, string]>;
  // Without its Content-Encoding; undefined: nobody read it.
  text: string | undefined;
}

// How HTTP itself works, for every reply alike: no document lists it. Any other header that is sent is documented.
// The protocol's own (tus.io), at every status.
const headersOfTus = /^(tus-(resumable|version)|upload-(offset|length|expires))$/;
const headersOfHttp = new RegExp(
  '^(connection|keep-alive|date|content-(length|type|encoding|range|language)|transfer-encoding|trailer|vary|allow|age|' +
    'cache-control|accept-ranges|accept-encoding|last-modified|content-security-policy|strict-transport-security|' +
    'cross-origin-.*|origin-agent-cluster|referrer-policy|permissions-policy|x-content-type-options|x-frame-options|' +
    'x-dns-prefetch-control|x-download-options|x-permitted-cross-domain-policies|x-xss-protection|x-accel-buffering|' +
    'access-control-.*)$',
);
// Where requests are counted every reply says so, whatever it is; documented once for an operation, at its success.
const headersOfLimits = /^ratelimit(-policy)?$/;
// Documented headers without `required` come with some replies. These come with all of their kind.
const headerOf: Record<number, string> = {
  201: 'location',
  401: 'www-authenticate',
  426: 'upgrade',
  429: 'retry-after',
};
// What no repetition mends says no time for one.
const isPromised = (name: string, { method, status, text }: Exchange, isProblem: boolean): boolean =>
  (isProblem && name === 'x-retriable') ||
  (method === 'GET' && status < 400 && name === 'etag') ||
  (headerOf[status] === name && !(name === 'retry-after' && text?.includes('"retriable":false')));
// For people and tools, not in the document: only their problems are compared.
const pages = /^\/($|docs(\/|$)|openapi\.json$|favicon\.ico$|problems(\/|$)|dev\/)/;
// Forms behind links in mails: what is at fault is shown on the page as well.
const forms = /^\/account\//;

const problemType = 'application/problem+json';
const differences = new Map<string, number>();

// What was found since the last call, once each.
export function takeDifferences(): string[] {
  const found = [...differences].map(([text, times]) => (times > 1 ? `${text} (${times} times)` : text));
  differences.clear();
  return found;
}

function note(difference: string): void {
  differences.set(difference, (differences.get(difference) ?? 0) + 1);
}

// Lines that src/openapi/reply_check.cpp has logged, for replies that no client here has seen.
export function noteFaultsOf(process: Process): void {
  for (const line of process.log) {
    if (line.msg === 'a reply that the document lacks') note(String(line.fault));
  }
}

interface Operation {
  method: string;
  template: string;
  segments: string[];
  responses: Record<string, any>;
  // OpenAPI knows no tails of a path: the description of the last parameter says so.
  hasTail: boolean;
}

export class Contract {
  private readonly operations: Operation[] = [];
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv: Ajv2020;

  constructor(readonly document: any) {
    // `x-…` and what OpenAPI adds to JSON Schema are no keywords of it; formats that nobody knows are the patterns' affair; that
    // the document is one, linters say.
    this.ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true, logger: false, formats });
    this.ajv.addSchema({ $id: 'document', components: document.components });
    for (const [template, item] of Object.entries<any>(document.paths)) {
      for (const [method, operation] of Object.entries<any>(item)) {
        if (!operation.responses) continue;
        const segments = template.split('/');
        const { responses, parameters = [] } = operation;
        const hasTail = parameters.some(({ description }: any) => description?.startsWith('The rest of the path'));
        this.operations.push({ method: method.toUpperCase(), template, segments, responses, hasTail });
      }
    }
  }

  check(exchange: Exchange): void {
    const found = this.differencesOf(exchange);
    const operation = this.operationOf(exchange);
    const name = operation ? `${exchange.method} ${operation.template}` : `${exchange.method} ${pathOf(exchange)}`;
    for (const difference of found) note(`${name}: ${exchange.status}: ${difference}`);
  }

  differencesOf(exchange: Exchange): string[] {
    const operation = this.operationOf(exchange);
    if (!operation) return this.withoutOperation(exchange);
    const response = this.resolved(operation.responses[exchange.status] ?? operation.responses.default);
    if (!response) {
      const known = Object.keys(operation.responses).join(', ');
      return [`the status is not documented (${known} are)${codeOf(exchange)}`];
    }
    const limits = Object.entries(operation.responses)
      .filter(([status]) => status < '3') // a socket's is 101
      .flatMap(([, success]) => Object.keys(this.resolved(success).headers ?? {}))
      .filter((name) => headersOfLimits.test(name.toLowerCase()));
    return [...this.headers(exchange, response, limits), ...this.content(exchange, response)];
  }

  // HEAD is answered as GET is. Of `/sales/calculate` and `/sales/{id}` the literal one is meant.
  private operationOf(exchange: Exchange): Operation | undefined {
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    const fitting = this.atPath(exchange).filter((one) => one.method === method);
    const rank = ({ segments }: Operation) => segments.map((one) => (one.startsWith('{') ? 'b' : 'a')).join('');
    return fitting.sort((one, other) => (rank(one) < rank(other) ? -1 : 1))[0];
  }

  private atPath(exchange: Exchange): Operation[] {
    const segments = pathOf(exchange).split('/');
    return this.operations.filter(
      (one) =>
        (one.segments.length === segments.length || (one.hasTail && one.segments.length < segments.length)) &&
        one.segments.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index])),
    );
  }

  // A path or a method that the document does not have: a problem says so, or what HTTP knows without it.
  private withoutOperation(exchange: Exchange): string[] {
    if (forms.test(pathOf(exchange))) return [];
    if (exchange.status >= 400) return this.problem(exchange);
    const isElsewhere = exchange.status === 301 || exchange.status === 308;
    if (pages.test(pathOf(exchange)) || exchange.method === 'OPTIONS' || isElsewhere) return [];
    return ['the document has no such path or method'];
  }

  private problem(exchange: Exchange): string[] {
    const headers = namesOf(exchange);
    if (exchange.method === 'HEAD') return [];
    if (mediaTypeOf(headers) !== problemType) return [`${headers.get('content-type')} is no problem`];
    const found = this.json(exchange, { $ref: '#/components/schemas/Problem' }, 'Problem');
    const known = this.document['x-problems'];
    if (!known || found.length > 0) return found;
    const { code } = JSON.parse(exchange.text!);
    return known[code]?.status === exchange.status ? [] : [`the code ${code} is not among the problems of this status`];
  }

  private headers(exchange: Exchange, response: any, limits: string[]): string[] {
    const sent = namesOf(exchange);
    const documented = new Map<string, any>(
      Object.entries<any>(response.headers ?? {}).map(([name, header]) => [name.toLowerCase(), this.resolved(header)]),
    );
    const isProblem = mediaTypeOf(sent) === problemType;
    const isTus = pathOf(exchange).startsWith('/v1/uploads/tus');
    const found: string[] = [];
    for (const [name, header] of documented) {
      const value = sent.get(name);
      if (value === undefined) {
        if (header.required || isPromised(name, exchange, isProblem)) found.push(`the header ${name} is missing`);
        continue;
      }
      const isNumber = header.schema?.type === 'integer' || header.schema?.type === 'number';
      const wrong = header.schema && this.validate(header.schema, isNumber ? Number(value) : value, `header ${name}`);
      if (wrong) found.push(`the header ${name}: ${value} ${wrong}`);
    }
    for (const name of sent.keys()) {
      if (documented.has(name) || headersOfHttp.test(name)) continue;
      if (isTus && headersOfTus.test(name)) continue;
      if (headersOfLimits.test(name) && limits.some((one) => one.toLowerCase() === name)) continue;
      found.push(`the header ${name} is sent and not documented`);
    }
    return found;
  }

  private content(exchange: Exchange, response: any): string[] {
    const { text } = exchange;
    if (!response.content || exchange.method === 'HEAD')
      return text === undefined || text === '' ? [] : [`a body where none is documented: ${text.slice(0, 200)}`];
    const type = mediaTypeOf(namesOf(exchange));
    // An upload that its first bytes complete says what has become of it; others say nothing.
    if (type === '' && !text && exchange.status === 201 && pathOf(exchange) === '/v1/uploads/tus') return [];
    const media = response.content[type] ?? response.content[type.replace(/\/.*/, '/*')] ?? response.content['*/*'];
    if (!media) return [`the content type ${type || '""'} is not documented (${Object.keys(response.content)} are)`];
    if (text === undefined || !/[/+]json$/.test(type)) return [];
    if (!media.schema) return ['the document does not say what the body is'];
    const isPartial = new URLSearchParams(exchange.path.split('?')[1]).has('fields') && exchange.status < 300;
    const found = this.json(exchange, isPartial ? this.withFields(media) : media.schema, type);
    if (type !== problemType || found.length > 0) return found;
    const { code } = JSON.parse(text);
    return Object.hasOwn(media.examples ?? {}, code) ? [] : [`the code ${code} is not among those of this status`];
  }

  // The reply to `?fields=`: a list whose rows are those of `x-with-fields`.
  private withFields(media: any): any {
    if (!media['x-with-fields']) return media.schema;
    const list = structuredClone(this.resolved(media.schema));
    (list.properties?.data ?? list).items = media['x-with-fields'];
    return list;
  }

  private json(exchange: Exchange, schema: any, what: string): string[] {
    try {
      const wrong = this.validate(schema, JSON.parse(exchange.text ?? ''), what);
      return wrong ? [`the body ${wrong}`] : [];
    } catch (error) {
      return [`the body is no JSON: ${(error as Error).message}`];
    }
  }

  private validate(schema: any, value: unknown, what: string): string | undefined {
    const key = JSON.stringify(schema);
    let validator = this.validators.get(key);
    if (!validator) {
      validator = this.ajv.compile(JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"document#/')));
      this.validators.set(key, validator);
    }
    if (validator(value)) return undefined;
    const errors = validator.errors!.slice(0, 5).map((error) => {
      const more = error.params.additionalProperty ?? error.params.allowedValues ?? '';
      return `${error.instancePath || '/'} ${error.message} ${more}`.trim();
    });
    return `does not fit ${schema.$ref?.split('/').at(-1) ?? what}: ${errors.join('; ')}`;
  }

  private resolved(value: any): any {
    if (!value?.$ref) return value;
    return value.$ref
      .slice(2)
      .split('/')
      .reduce((part: any, name: string) => part[name.replaceAll('~1', '/').replaceAll('~0', '~')], this.document);
  }
}

const wholeNumber = (most: bigint) => ({
  type: 'number' as const,
  validate: (value: number) => Number.isInteger(value) && BigInt(value) >= -most && BigInt(value) < most,
});
const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  'date-time': /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  'uri-reference': /^[!-~]*$/,
  int32: wholeNumber(2n ** 31n),
  int64: wholeNumber(2n ** 63n),
};

const pathOf = ({ path }: Exchange): string => path.split('?')[0]!;
const namesOf = ({ headers }: Exchange): Map<string, string> =>
  new Map([...headers].map(([name, value]) => [name.toLowerCase(), value]));
const mediaTypeOf = (headers: Map<string, string>): string =>
  (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
const codeOf = ({ text }: Exchange): string => {
  const code = /"code":"([^"]*)"/.exec(text ?? '')?.[1];
  return code ? `, ${code}` : '';
};

const contracts = new Map<string, Contract>();
const byOrigin = new Map<string, Contract>();

// Of the server at this address; `undefined` where it keeps its document to itself, as in production: then nothing is compared.
export async function learnContract(url: string): Promise<Contract | undefined> {
  const { origin } = new URL(url);
  byOrigin.delete(origin); // a server that had the port before
  const text = await documentOf(url);
  if (text === undefined) return undefined;
  const contract = contractOf(text);
  byOrigin.set(origin, contract);
  return contract;
}

// Compiled once for all servers that show the same.
function contractOf(text: string): Contract {
  const document = JSON.parse(text);
  delete document.servers; // their address
  const key = JSON.stringify(document);
  const known = contracts.get(key) ?? new Contract(document);
  contracts.set(key, known);
  return known;
}

// Over a connection of its own, which is gone before a test counts them.
function documentOf(url: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/openapi.json`, { agent: false, timeout: 60_000 }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => resolve(reply.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined));
    });
    request.on('timeout', () => request.destroy(new Error('GET /openapi.json: no reply within 20 s')));
    request.on('error', reject);
  });
}

// ---- fetch() ----------------------------------------------------------------------------------------------------

const comparisons = new Set<Promise<void>>();

export async function comparisonsDone(): Promise<void> {
  await Promise.all(comparisons);
}

// Node's own, however many files of tests have put theirs in its place.
const kept = globalThis as unknown as { plainFetch?: typeof fetch };
const plainFetch = (kept.plainFetch ??= globalThis.fetch);

export function compareWhatFetchGets(): void {
  globalThis.fetch = async (input, init) => {
    const reply = await plainFetch(input, init);
    // Where a redirect has led.
    const { origin, pathname, search } = new URL(reply.url || (input instanceof Request ? input.url : input));
    const contract = byOrigin.get(origin);
    if (contract) {
      const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
      const comparison = compare(contract, method.toUpperCase(), pathname + search, reply);
      comparisons.add(comparison);
      void comparison.finally(() => comparisons.delete(comparison));
    }
    return reply;
  };
}

async function compare(contract: Contract, method: string, path: string, reply: Response): Promise<void> {
  const { status, headers } = reply;
  const isStream = headers.get('content-type')?.startsWith('text/event-stream');
  contract.check({ method, path, status, headers, text: isStream ? undefined : await textOf(reply.clone()) });
}

// Node 20 knows no zstd; a test may go away in the middle; and a stream of events does not end.
async function textOf(reply: Response): Promise<string | undefined> {
  if (reply.headers.get('content-encoding') === 'zstd') return undefined;
  try {
    return await reply.text();
  } catch {
    return undefined;
  }
}
