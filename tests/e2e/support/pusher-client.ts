// pusher-js as a module of Node: what it exports is the class, which its types do not say.
//
//     const client = new PusherClient(key, { cluster: 'any', wsHost: '127.0.0.1', wsPort: port });
import imported from 'pusher-js';

export interface PusherClient {
  connection: { socket_id: string };
  user: any;
  subscribe(channel: string): any;
  signin(): void;
  disconnect(): void;
}
export const PusherClient = imported as unknown as new (key: string, options: Record<string, unknown>) => PusherClient;
