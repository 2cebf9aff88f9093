// Types of whatsapp.mjs, for tests.
import type { MessageSimulator } from './messages/simulator.mjs';

export interface Whatsapp extends MessageSimulator {
  callBackTo(order: {
    url: string;
    appSecret?: string;
    verifyToken?: string;
  }): Promise<{ isOurs: boolean; status?: number }>;
  refuse(how: 'late' | '131047' | '100'): unknown;
  advance(hours: number): number;
}

export function escapedJson(value: unknown): string;
export function signatureOf(appSecret: string, bytes: string): string;

export function start(options?: {
  port?: number;
  appSecret?: string;
  callbackUrl?: string;
  phoneNumberId?: string;
  refuses?: 'late' | '131047' | '100';
  ca?: Buffer;
  reportAfter?: number;
}): Promise<Whatsapp>;
