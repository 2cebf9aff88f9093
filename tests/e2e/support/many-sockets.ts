// The process of many-sockets.mjs.
//
//     const crowd = new ManySockets();
//     await crowd.open({ port, dialect: 'own', count: 10_000, tokens, topics: ['changes'] });     // all are served
//     crowd.end();
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { repository } from './environment.js';

export interface OpenOptions {
  port: number;
  dialect: 'own' | 'pusher' | 'ws' | 'socket.io';
  count: number;
  // Of the first socket, the second one, …
  tokens?: string[];
  topics?: string[];
  app?: { id: string; key: string; secret: string };
}
// Counts by what was said: a status, a close code, an error of the kernel, `cut`.
export interface Status {
  served: number;
  refused: Record<string, number>;
  closed: Record<string, number>;
  told: Record<string, number>;
}
export interface Published {
  received: number;
  outOfOrder: number;
  seconds: number;
  // Milliseconds from before the request until a socket has it.
  p50: number;
  p99: number;
}

export class ManySockets {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(result: any): void; reject(error: Error): void }>();
  private calls = 0;

  constructor() {
    this.child = fork(path.join(repository, 'tests/e2e/support/many-sockets.mjs'), { execArgv: [] });
    this.child.on('message', ({ id, result, error }: any) => {
      const call = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    this.child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the sockets' process ended: ${code}`));
    });
  }

  get pid(): number {
    return this.child.pid!;
  }
  open = (options: OpenOptions): Promise<Status> => this.call('open', options);
  follow = (topics: string[]): Promise<void> => this.call('follow', { topics });
  publish = (options: { messages: number; window: number }): Promise<Published> => this.call('publish', options);
  closed = (): Promise<Status> => this.call('closed');
  reopen = (since: string): Promise<Status & { milliseconds: number }> => this.call('reopen', { since });
  status = (): Promise<Status> => this.call('status');
  leave = (): Promise<void> => this.call('leave');
  end(): void {
    this.child.kill();
  }

  private call(call: string, options: unknown = {}): Promise<any> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, call, options });
    });
  }
}
