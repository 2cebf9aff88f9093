// Types of twilio.mjs, for tests.
import type { MessageSimulator } from './messages/simulator.mjs';

export interface Twilio extends MessageSimulator {
  callBackTo(order: { url?: string; authToken?: string }): unknown;
}

export function signatureOf(authToken: string, url: string, parameters: Record<string, string>): string;

export function start(options?: {
  port?: number;
  authToken?: string;
  inboundUrl?: string;
  ca?: Buffer;
  reportAfter?: number;
}): Promise<Twilio>;
