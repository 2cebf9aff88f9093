// Webhooks of the service, verified as Standard Webhooks says (github.com/standard-webhooks), on a server of yours.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { WebhookEvents } from './generated/api.js';

export type { WebhookEvents } from './generated/api.js';

/** `event.type` narrows `event.data`. Types that this version does not know come as well: have a default. */
export type WebhookEvent = {
  [Type in keyof WebhookEvents]: { id: string; type: Type; occurredAt: string; data: WebhookEvents[Type] };
}[keyof WebhookEvents];

export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

export interface VerifyOptions {
  /** `whsec_…`, or `whpk_…` for Ed25519. Several while one is replaced. */
  secrets: string | readonly string[];
  /** Of the request, names in any case. */
  headers: Headers | Record<string, string | readonly string[] | undefined>;
  /** The bytes as they came, before any parser. */
  body: string | Uint8Array;
  toleranceSeconds?: number;
  now?: () => number;
}

function header(headers: VerifyOptions['headers'], name: string): string {
  if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(name) ?? '';
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : (found?.join(' ') ?? '');
}

// RFC 8410: what stands before the 32 bytes of a public key of Ed25519.
const ed25519 = Buffer.from('302a300506032b6570032100', 'hex');

// As Standard Webhooks has it. Shorter ones come of a variable that is not set, and anybody could sign with them.
const leastKeyBytes = 24;

function isSigned(secret: string, signature: string, content: Buffer): boolean {
  const [form, text = ''] = signature.split(',');
  const given = Buffer.from(text, 'base64');
  const key = Buffer.from(secret.replace(/^(whsec_|whpk_)/, ''), 'base64');
  if (form === 'v1' && !secret.startsWith('whpk_') && key.length >= leastKeyBytes) {
    const expected = createHmac('sha256', key).update(content).digest();
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
  if (form !== 'v1a' || !secret.startsWith('whpk_') || key.length !== 32) return false;
  return verify(
    null,
    content,
    createPublicKey({ key: Buffer.concat([ed25519, key]), format: 'der', type: 'spki' }),
    given,
  );
}

/** The event, or a WebhookError. Take each `id` once: an event may come twice. */
export function verifyWebhook({
  secrets,
  headers,
  body,
  toleranceSeconds = 300,
  now = Date.now,
}: VerifyOptions): WebhookEvent {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  if (!id || !/^\d{1,12}$/.test(timestamp)) throw new WebhookError('the headers of a webhook are missing');
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new WebhookError('the body is no text and no bytes: verify before it is parsed');
  // In this form, since a tolerance that is no number forgives nothing.
  if (!(Math.abs(now() / 1000 - Number(timestamp)) <= toleranceSeconds))
    throw new WebhookError('too old, or from the future');
  const content = Buffer.concat([
    Buffer.from(`${id}.${timestamp}.`),
    typeof body === 'string' ? Buffer.from(body) : body,
  ]);
  const signatures = header(headers, 'webhook-signature').split(/[\s]+/);
  const given: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  const known = given.filter((secret): secret is string => typeof secret === 'string' && secret.length > 0);
  if (!known.some((secret) => signatures.some((signature) => isSigned(secret, signature, content))))
    throw new WebhookError('no signature is right');
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString()) as WebhookEvent;
  } catch (error) {
    throw new WebhookError(`signed, and no JSON: ${String(error)}`);
  }
}
