// Types of africastalking.mjs, for tests.
import type { MessageSimulator } from './messages/simulator.mjs';

export interface AfricasTalking extends MessageSimulator {
  callBackTo(order: { url: string }): unknown;
}

export function start(options?: {
  port?: number;
  callbackUrl?: string;
  ca?: Buffer;
  reportAfter?: number;
}): Promise<AfricasTalking>;
