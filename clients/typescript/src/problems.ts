// What can go wrong, as values: problem documents of the service (RFC 9457) and, in the same form, what happens to an answer on its way.
import type { CommonCode, Open, ProblemCode } from './generated/api.js';

/** What the client does next; docs/errors.md has the table. */
export type Action = 'retry' | 'refresh_auth' | 'fix' | 'pull_first' | 'upgrade' | 'pay' | 'contact';

/** One finding: `pointer` leads into the part of the request that `in` names. */
export interface Issue {
  in: Open<'body' | 'query' | 'path' | 'header'>;
  pointer: string;
  code: string;
  message?: string;
  params?: Record<string, unknown>;
}

/**
 * What this package says by itself:
 *
 * - `client.no_answer`: no network, a timeout, a reply that was cut. Whether the request arrived is not known.
 * - `client.foreign_answer`: somebody between here and the service answered, such as a proxy or the log-in page of a hotel's Wi-Fi.
 * - `client.signed_out`: nobody has signed in, or the session has ended and cannot be refreshed.
 * - `client.wrong_caller`: the request belongs to another user or tenant than the one that is signed in. It was not sent.
 * - `client.aborted`: the caller's `signal`.
 */
export type ClientCode =
  'client.no_answer' | 'client.foreign_answer' | 'client.signed_out' | 'client.wrong_caller' | 'client.aborted';

interface ProblemDocument<Code extends string> {
  type: string;
  title: string;
  /** 0 where no status came. */
  status: number;
  detail?: string;
  instance?: string;
  code: Code;
  retriable: boolean;
  action: Action;
  retryAfterMs: number | null;
  requestId?: string;
  errors?: Issue[];
  /**
   * Said by this package: an attempt of this call, the last one or one before it, may have arrived and done its work. A refusal of the last
   * attempt does not take that back. Whoever tries again sends the same key.
   */
  mayHaveArrived?: boolean;
}

interface Extras {
  /** The row as it is now. */
  'request.version_conflict': { current: unknown };
  /** What the first request with this key made. */
  'idempotency.key_reused': { resourceId?: string };
  /** Goes to `POST /v1/auth/totp/login`, together with a code. */
  'auth.second_factor_required': { challenge: string; expiresAt?: string };
}

/**
 * `error.code` narrows: `if (error.code === 'auth.second_factor_required') error.challenge`. A later version of the service may have codes
 * that are not listed here, so a `switch` has a default, which goes by `action` and `retriable`.
 */
export type Problem<Code extends string = ProblemCode | ClientCode> = Code extends string
  ? ProblemDocument<Code> & (Code extends keyof Extras ? Extras[Code] : unknown)
  : never;

export type AnyProblem = Problem<CommonCode | ClientCode> | ProblemDocument<string>;

/** What `unwrap` and lists throw. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly problem: ProblemDocument<string>) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
  }
}

const titles: Record<ClientCode, string> = {
  'client.no_answer': 'There was no answer',
  'client.foreign_answer': 'The answer did not come from the service',
  'client.signed_out': 'Sign in first',
  'client.wrong_caller': 'This belongs to another user or tenant than the one that is signed in',
  'client.aborted': 'The call was aborted',
};

const rules: Record<ClientCode, [retriable: boolean, action: Action]> = {
  'client.no_answer': [true, 'retry'],
  'client.foreign_answer': [false, 'contact'],
  'client.signed_out': [false, 'refresh_auth'],
  'client.wrong_caller': [false, 'refresh_auth'],
  'client.aborted': [false, 'fix'],
};

export function clientProblem(code: ClientCode, more: Partial<ProblemDocument<string>> = {}): ProblemDocument<string> {
  const [retriable, action] = rules[code];
  return {
    type: `about:blank#${code}`,
    title: titles[code],
    status: 0,
    code,
    retriable,
    action,
    retryAfterMs: null,
    ...more,
  };
}

/** Whether a proxy's answer may pass by itself; 4xx of others do not. */
export const passes = (status: number): boolean =>
  status < 400 || status >= 500 || [408, 421, 425, 429].includes(status);

const isProblem = (body: any): body is ProblemDocument<string> =>
  body !== null && typeof body === 'object' && typeof body.code === 'string' && typeof body.retriable === 'boolean';

/** The problem of a call that got no reply: `cause` says why, for whoever looks at it. */
export const unanswered = (cause: any): ProblemDocument<string> => {
  const said = cause?.cause?.message || cause?.cause?.code || cause?.message || cause;
  return clientProblem('client.no_answer', cause === undefined ? {} : { detail: String(said) });
};

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from `now`, which is the reply's own `Date`; null when it is neither. */
export function retryAfter(value: string | null, now: number): number | null {
  if (!value) return null;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

/** The problem of a reply that is not 2xx, or that is no reply of the service to this request. */
export function problemOf(status: number, body: unknown, after: number | null): ProblemDocument<string> {
  if (status >= 400 && isProblem(body)) {
    const said: unknown = body.retryAfterMs;
    return { ...body, retryAfterMs: typeof said === 'number' && said >= 0 ? said : after };
  }
  const retriable = passes(status);
  const more = { status, retriable, retryAfterMs: after, detail: `status ${status}, without a problem document` };
  return clientProblem('client.foreign_answer', { ...more, action: retriable ? 'retry' : 'contact' });
}
