// Calls of the service, typed by its OpenAPI document. A call gives a value, also when it failed; what is repeated is decided by what the
// answer says (`retriable`, `action`, `Retry-After`), never by its status or its text.
import type { Operations } from './generated/api.js';
import { identified, keyed, promised } from './generated/tables.js';
import { Clock } from './clock.js';
import { newId } from './ids.js';
import {
  ApiError,
  type ClientCode,
  clientProblem,
  type Problem,
  problemOf,
  retryAfter,
  unanswered,
} from './problems.js';
import { type Caller, memorySession, sameCaller, type Session, type SessionStore } from './session.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
type Name = keyof Operations;

/** The paths that have this method. */
export type PathOf<M extends string> = Name extends infer N ? (N extends `${M} ${infer Path}` ? Path : never) : never;
type Operation<M extends string, P extends string> = Operations[`${M} ${P}` & Name];
type Reply<O> = O extends { reply: infer R } ? R : never;
type Codes<O> = O extends { problems: infer C extends string } ? C | ClientCode : ClientCode;

// The key of a sale is made here when it is not given.
type Body<P extends string, B> = P extends (typeof identified)[number]
  ? Omit<B, 'clientRequestId'> & { clientRequestId?: string }
  : B;

type Optional<Key extends string, T> = Record<string, never> extends T ? { [K in Key]?: T } : { [K in Key]: T };

export interface CallSettings {
  /** The `Idempotency-Key` of this operation. Made when it is missing; `result.key` has it. */
  key?: string;
  signal?: AbortSignal;
  /** For the whole exchange of one attempt. */
  timeoutMs?: number;
  headers?: Record<string, string>;
  /** How often it is sent at most; 1: no repetition. */
  attempts?: number;
  /** Asked right before each attempt; false ends the call as `client.aborted`. */
  maySend?: () => Promise<boolean>;
}

type Options<P extends string, O> = CallSettings &
  (O extends { path: infer Path } ? { path: Path } : unknown) &
  (O extends { query: infer Query } ? Optional<'query', Query> : unknown) &
  (O extends { body: infer B } ? { body: Body<P, B> } : unknown) &
  // The row's version, or its ETag: what the change is based on.
  (O extends { versioned: true } ? { version: number | string } : unknown);

type Arguments<P extends string, O> =
  Record<string, never> extends Options<P, O> ? [options?: Options<P, O>] : [options: Options<P, O>];

export interface Success<Data> {
  ok: true;
  data: Data;
  status: number;
  headers: Headers;
  key?: string;
  /** An earlier attempt had arrived. */
  replayed: boolean;
}

export interface Failure<Code extends string> {
  ok: false;
  error: Problem<Code>;
  status: number;
  headers?: Headers;
  key?: string;
}

export type Result<Data, Code extends string = ClientCode> = Success<Data> | Failure<Code>;
type ResultOf<O> = Result<Reply<O>, Codes<O>>;

type Page = { data: unknown[]; nextCursor: string | null };
/** Paths that list rows by pages. */
export type ListPath =
  PathOf<'GET'> extends infer P
    ? P extends string
      ? Reply<Operation<'GET', P>> extends Page
        ? P
        : never
      : never
    : never;
export type RowOf<P extends string> = Reply<Operation<'GET', P>> extends { data: (infer Row)[] } ? Row : never;

export interface ClientOptions {
  /** Scheme, host and port. Empty: the page's own origin. */
  baseUrl: string;
  session?: SessionStore;
  fetch?: typeof globalThis.fetch;
  /** Of one attempt; 30 s when missing. */
  timeoutMs?: number;
  /** Of one call; 3 when missing. */
  attempts?: number;
  /** The first pause between attempts, doubled each time; 300 ms when missing. */
  pauseMs?: number;
  /** A longer `Retry-After` than this (10 s when missing) ends the call: the caller decides. */
  patienceMs?: number;
  headers?: Record<string, string>;
  clock?: Clock;
  /** From 0 to below 1. */
  random?: () => number;
  /** The session has ended and cannot be refreshed: show the log-in screen. */
  onSignedOut?: () => void;
}

export interface Sending extends CallSettings {
  method: Method;
  /** Path and query, ready. */
  target: string;
  body?: unknown;
  /** Whether it may be sent again when nobody knows if it arrived. */
  repeatable: boolean;
  /** Without the session. */
  anonymous?: boolean;
  /** In the place of the one that is stored. */
  session?: Session;
  /** Whose operation it is: sent with the session of nobody else. */
  caller?: Caller;
  /** Whether this is what the operation promises; a reply that is not came from somebody else. `data` is undefined where no body came. */
  isReply?: (data: any, status: number) => boolean;
}

type SignedIn = Reply<Operations['POST /v1/auth/login']>;
type LogIn = Operations['POST /v1/auth/login'];
type LogInWithCode = Operations['POST /v1/auth/totp/login'];

/** `await unwrap(api.get(…))` is the data, or throws an ApiError. */
export async function unwrap<Data>(result: Result<Data, string> | Promise<Result<Data, string>>): Promise<Data> {
  const settled = await result;
  if (settled.ok) return settled.data;
  throw new ApiError(settled.error as any);
}

/** The path with its parameters and query. Each is percent-encoded; a list has commas. */
export function targetOf(
  path: string,
  parameters: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined || value === null || value === '')
      throw new TypeError(`${path} needs a value for {${name}}`);
    return encodeURIComponent(String(value));
  });
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
}

// A number that JSON would carry as another one is a mistake of the program.
function checked(_: string, value: unknown): unknown {
  if (
    typeof value === 'number' &&
    (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
  )
    throw new RangeError(`${value} is no number that JSON keeps`);
  return value;
}

/** The text of a body as it is sent and kept. */
export const jsonOf = (body: unknown): string => JSON.stringify(body, checked);

const isA = (name: string, value: unknown): boolean => {
  const type = (globalThis as Record<string, unknown>)[name];
  return typeof type === 'function' && value instanceof type;
};

// What fetch takes, and takes again: a stream is read once, so that a repetition would send nothing.
function payloadOf(body: unknown): { payload?: BodyInit; type?: string } {
  if (body === undefined) return {};
  if (isA('ReadableStream', body) || (typeof body === 'object' && body !== null && Symbol.asyncIterator in body))
    throw new TypeError('a stream cannot be sent twice: give a Blob, a FormData or bytes');
  if (isA('FormData', body) || isA('URLSearchParams', body)) return { payload: body as BodyInit };
  if (isA('Blob', body)) return { payload: body as Blob, type: (body as Blob).type || 'application/octet-stream' };
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body))
    return { payload: body as BodyInit, type: 'application/octet-stream' };
  return { payload: typeof body === 'string' ? body : jsonOf(body), type: 'application/json' };
}

const etagOf = (version: number | string): string =>
  /^(W\/)?"|^\*$/.test(String(version)) ? String(version) : `"${version}"`;

/** The body and the key that belong together. */
export function keyFor(path: string, body: any, given: string | undefined): { key: string; body: any } {
  const inBody = typeof body?.clientRequestId === 'string' ? (body.clientRequestId as string) : undefined;
  const key = given ?? inBody ?? newId();
  const belongs = inBody === undefined && (identified as readonly string[]).includes(path);
  return { key, body: belongs ? { clientRequestId: key, ...body } : body };
}

const isSame = (id: string, key: string): boolean => !uuid.test(key) || id.toLowerCase() === key.toLowerCase();
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Whether the service has taken it. A proxy or a portal may say 200, in JSON too; it does not say what this operation does. Only members that
 * will always be there are asked for, and no status, so that a later service is understood.
 */
export function isYesTo(path: string | undefined, data: any, key: string, body: any): boolean {
  if (typeof data !== 'object' || data === null) return false;
  const given = typeof body?.clientRequestId === 'string' ? (body.clientRequestId as string) : key;
  return (path === undefined ? [] : (promised[path] ?? ['id'])).every((name) => {
    if (name === 'id') return uuid.test(data.id);
    // A key of another form than this stands in the reply as an id that the service has made of it.
    if (name === 'clientRequestId') return uuid.test(data[name]) && isSame(data[name], given);
    return name in data;
  });
}

// A mistake of the program, which no repetition mends.
function checkHeaders(headers: Record<string, string> = {}): void {
  for (const [name, value] of Object.entries(headers))
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`a header cannot carry ${name}: ${value}`);
}

/** The path of the document that a request went to, of those that take a key. */
export const keyedPathOf = (target: string): string | undefined =>
  keyed.find((path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/?]+')}(\\?|$)`).test(target));

/** Milliseconds; a timer cannot count more than 24 days, and fires at once. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
    if (signal?.aborted) done();
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });

export class Client {
  readonly clock: Clock;
  readonly session: SessionStore;
  private readonly random: () => number;
  private readonly baseUrl: string;
  private refreshing: Promise<Session | Failure<string>> | undefined;

  constructor(private readonly options: ClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
    if (!/^(https?:\/\/.+|\/.*)?$/i.test(this.baseUrl)) throw new TypeError(`${options.baseUrl} has no https://`);
    checkHeaders(options.headers);
    this.session = options.session ?? memorySession();
    this.clock = options.clock ?? new Clock();
    this.random = options.random ?? Math.random;
  }

  get<P extends PathOf<'GET'>>(
    path: P,
    ...[options]: Arguments<P, Operation<'GET', P>>
  ): Promise<ResultOf<Operation<'GET', P>>> {
    return this.call('GET', path, options) as any;
  }

  post<P extends PathOf<'POST'>>(
    path: P,
    ...[options]: Arguments<P, Operation<'POST', P>>
  ): Promise<ResultOf<Operation<'POST', P>>> {
    return this.call('POST', path, options) as any;
  }

  patch<P extends PathOf<'PATCH'>>(
    path: P,
    ...[options]: Arguments<P, Operation<'PATCH', P>>
  ): Promise<ResultOf<Operation<'PATCH', P>>> {
    return this.call('PATCH', path, options) as any;
  }

  delete<P extends PathOf<'DELETE'>>(
    path: P,
    ...[options]: Arguments<P, Operation<'DELETE', P>>
  ): Promise<ResultOf<Operation<'DELETE', P>>> {
    return this.call('DELETE', path, options) as any;
  }

  /** All rows, page by page as they are asked for. Throws an ApiError. */
  async *list<P extends ListPath>(
    path: P,
    ...[options]: Arguments<P, Operation<'GET', P>>
  ): AsyncGenerator<RowOf<P>, void, undefined> {
    const { query, ...rest } = (options ?? {}) as { query?: Record<string, unknown> };
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: Page = await unwrap(
        this.call('GET', path, { ...rest, query: { ...query, ...(cursor && { cursor }) } }),
      );
      const { data, nextCursor: next } = page;
      // One that is missing, or that leads back here, would never end.
      if (!Array.isArray(data) || (next !== null && (typeof next !== 'string' || !next || next === cursor)))
        throw new ApiError(clientProblem('client.foreign_answer', { detail: `no page of ${path}` }));
      yield* data as RowOf<P>[];
      cursor = next;
    }
  }

  /** A route that this version of the package has no types for. */
  async call(method: Method, path: string, options: any = {}): Promise<Result<any, string>> {
    const { path: parameters, query, version, body: given, ...settings } = options;
    const keyIsUsed = method === 'POST' && (keyed.includes(path) || settings.key !== undefined);
    const { key, body } = keyIsUsed ? keyFor(path, given, settings.key) : { key: undefined, body: given };
    const headers = { ...settings.headers, ...(version !== undefined && { 'If-Match': etagOf(version) }) };
    const isTaken = (data: unknown): boolean => isYesTo(path, data, key!, body);
    const isAnswer = (data: unknown, status: number): boolean => (data ?? undefined) !== undefined || status === 204;
    return this.send({
      isReply: method === 'POST' && keyed.includes(path) ? isTaken : isAnswer,
      ...settings,
      method,
      target: targetOf(path, parameters, query),
      body,
      key,
      headers,
      // A change that was made already would answer 412, as if somebody else had been faster.
      repeatable: method === 'GET' || method === 'PUT' || key !== undefined,
    });
  }

  /** Keeps the session of a log-in. A second factor is a problem with a `challenge`. */
  logIn(body: LogIn['body']): Promise<ResultOf<LogIn>> {
    return this.signIn('/v1/auth/login', body) as any;
  }

  logInWithCode(body: LogInWithCode['body']): Promise<ResultOf<LogInWithCode>> {
    return this.signIn('/v1/auth/totp/login', body) as any;
  }

  /** The session is gone from here whatever the service answers. The queue stays. */
  async logOut(): Promise<void> {
    const session = await this.session.load();
    // First, since the next one may sign in while this waits for the network.
    await this.session.save(null);
    if (session) await this.send({ method: 'POST', target: '/v1/auth/logout', repeatable: true, session });
  }

  private async signIn(target: string, body: any): Promise<Result<SignedIn, string>> {
    const isReply = (data: any): boolean => isText(data?.user?.id) && isText(data.tenant?.id);
    const reply = await this.send({ method: 'POST', target, body, repeatable: false, anonymous: true, isReply });
    if (!reply.ok) return reply;
    const { accessToken, refreshToken, csrfToken, user, tenant } = reply.data as any;
    const deviceId = body.deviceId ?? undefined;
    await this.session.save({ userId: user.id, tenantId: tenant.id, deviceId, accessToken, refreshToken, csrfToken });
    return reply;
  }

  /** One operation: attempts, a refresh at most, and pauses as the answers say. */
  async send(sending: Sending): Promise<Result<any, string>> {
    const trace = { isOpen: false };
    const result = await this.exchange(sending, trace);
    // Also of an attempt before the last one.
    if (!result.ok && trace.isOpen) result.error.mayHaveArrived = true;
    return result;
  }

  private async exchange(sending: Sending, trace: { isOpen: boolean }): Promise<Result<any, string>> {
    const body = payloadOf(sending.body);
    checkHeaders({ ...sending.headers, ...(sending.key !== undefined && { 'Idempotency-Key': sending.key }) });
    const most = sending.attempts ?? this.options.attempts ?? 3;
    let session = sending.anonymous ? null : (sending.session ?? (await this.session.load()));
    let refreshed = false;
    for (let attempt = 1; ;) {
      if (sending.caller && !session) return failed('client.signed_out', sending.key);
      if (sending.caller && !sameCaller(sending.caller, session)) return failed('client.wrong_caller', sending.key);
      if (sending.signal?.aborted || (await sending.maySend?.()) === false)
        return failed('client.aborted', sending.key);
      const result = await this.attempt(sending, body, session);
      if (result.ok) return result;
      const { action, retriable, retryAfterMs, code } = result.error;
      trace.isOpen ||= leavesOpen(result.error);
      if (action === 'refresh_auth' && session?.refreshToken && !refreshed) {
        const next = await (sending.session ? this.renewed(session) : this.refresh(session));
        if ('ok' in next) return { ...next, key: sending.key };
        // It may have been asked for by a call of somebody who has signed out since.
        if (!sameCaller(next, session)) return failed('client.wrong_caller', sending.key);
        session = next;
        refreshed = true;
        continue;
      }
      const unknown = code === 'client.no_answer' || code === 'client.foreign_answer';
      if (!retriable || action !== 'retry' || (unknown && !sending.repeatable) || attempt >= most) return result;
      const growing = (this.options.pauseMs ?? 300) * 2 ** (attempt - 1) * (0.5 + this.random() / 2);
      if ((retryAfterMs ?? 0) > (this.options.patienceMs ?? 10_000)) return result;
      await pause(Math.max(growing, retryAfterMs ?? 0), sending.signal);
      ++attempt;
    }
  }

  private async attempt(
    sending: Sending,
    { payload, type }: { payload?: BodyInit; type?: string },
    session: Session | null,
  ): Promise<Result<any, string>> {
    const headers: Record<string, string> = { Accept: 'application/json', ...this.options.headers };
    if (type) headers['Content-Type'] = type;
    if (session?.accessToken) headers.Authorization = `Bearer ${session.accessToken}`;
    if (session?.csrfToken && sending.method !== 'GET') headers['X-CSRF-Token'] = session.csrfToken;
    if (sending.key) headers['Idempotency-Key'] = sending.key;
    Object.assign(headers, sending.headers);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, sending.timeoutMs ?? this.options.timeoutMs ?? 30_000);
    sending.signal?.addEventListener('abort', abort);
    const { key } = sending;
    try {
      const sentAt = Date.now();
      const reply = await (this.options.fetch ?? globalThis.fetch)(this.baseUrl + sending.target, {
        method: sending.method,
        headers,
        body: payload,
        signal: controller.signal,
        ...(session?.csrfToken || sending.anonymous ? { credentials: 'include' as const } : {}),
      });
      const date = Date.parse(reply.headers.get('date') ?? '');
      if (isNamed(reply)) this.clock.sample(date, sentAt, Date.now(), 1000);
      return { ...(await read(reply, sending, Number.isNaN(date) ? this.clock.serverNow() : date)), key };
    } catch (error) {
      if (sending.signal?.aborted) return failed('client.aborted', key);
      const cause = controller.signal.aborted ? 'it took too long' : error;
      return { ok: false, error: unanswered(cause) as Problem<string>, status: 0, key };
    } finally {
      clearTimeout(timer);
      sending.signal?.removeEventListener('abort', abort);
    }
  }

  // One at a time in this tab; another tab may do the same at once, and gets the same token.
  private refresh(used: Session): Promise<Session | Failure<string>> {
    this.refreshing ??= this.refreshOnce(used).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refreshOnce(used: Session): Promise<Session | Failure<string>> {
    const before = await this.session.load();
    if (!before?.refreshToken || !sameCaller(before, used)) return this.signedOut(before !== null);
    if (before.accessToken !== used.accessToken) return before;
    const next = await this.renewed(before);
    const after = await this.session.load();
    // Another tab was faster, or somebody has signed out or in.
    if (!after || !sameCaller(after, used)) return this.signedOut(after !== null);
    if (after.refreshToken !== before.refreshToken) return after;
    if ('ok' in next) {
      // A portal's 403 says nothing of the session.
      const isOver = [401, 403].includes(next.status) && !next.error.code.startsWith('client.');
      return isOver ? this.signedOut(false) : next;
    }
    const { accessToken, refreshToken } = next;
    const renewed: Session = { ...after, accessToken, refreshToken };
    try {
      await this.session.save(renewed);
    } catch {
      // Where there is no room for it, the old one gives the same successor for a day: what is on a full disk can leave it.
    }
    return renewed;
  }

  // Stored nowhere.
  private async renewed(session: Session): Promise<Session | Failure<string>> {
    const { refreshToken, deviceId } = session;
    const reply = await this.attempt(
      {
        method: 'POST',
        target: '/v1/auth/refresh',
        repeatable: true,
        anonymous: true,
        isReply: (data) => isText(data?.accessToken) && isText(data.refreshToken),
      },
      payloadOf({ refreshToken, ...(deviceId && { deviceId }) }),
      null,
    );
    if (!reply.ok) return reply;
    return { ...session, accessToken: reply.data.accessToken, refreshToken: reply.data.refreshToken };
  }

  private signedOut(another: boolean): Failure<string> {
    if (!another) this.options.onSignedOut?.();
    return failed(another ? 'client.wrong_caller' : 'client.signed_out', undefined);
  }
}

export const createClient = (options: ClientOptions): Client => new Client(options);

// Whether the request may have arrived, and done its work, all the same: nobody has answered, or somebody else, or the service in the midst of it.
const leavesOpen = ({ code, retriable, status }: Problem<string>): boolean =>
  code.startsWith('client.') || (retriable && status >= 500) || code === 'idempotency.in_progress';

function failed(code: ClientCode, key: string | undefined): Failure<string> {
  return { ok: false, error: clientProblem(code) as Problem<string>, status: 0, key };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

// The service names each request. Meshes do so as well, on pages of their own.
const isNamed = (reply: Response): boolean => reply.headers.get('x-request-id') !== null;

// What came, whole. Only fetch's oldest parts: React Native has no streams.
async function read(reply: Response, { method, isReply }: Sending, now: number): Promise<Result<any, string>> {
  const { status, headers } = reply;
  const type = headers.get('content-type') ?? '';
  const isJson = /[/+]json\b/.test(type);
  // A page that says 200 comes from a hotel's Wi-Fi or a proxy. What was led elsewhere as a GET was not sent.
  const isOurs = reply.ok && isNamed(reply) && !/html/i.test(type) && !(reply.redirected && method !== 'GET');
  if (isOurs && !isJson && type !== '' && !type.startsWith('text/'))
    return { ok: true, data: await reply.blob(), status, headers, replayed: false };
  const text = await reply.text();
  const body = isJson ? parsed(text) : undefined;
  const data = isJson ? body : text === '' ? undefined : text;
  if (isOurs && !(isJson && body === undefined) && (isReply?.(data, status) ?? true)) {
    const replayed = (headers.get('idempotent-replayed') ?? 'false') !== 'false';
    return { ok: true, data, status, headers, replayed };
  }
  const after = retryAfter(headers.get('retry-after'), now);
  return { ok: false, error: problemOf(status, body, after) as Problem<string>, status, headers };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
