// What this browser is: the till's name and numbers, who sells, and the parts of the SDK that all screens share.
import { createClient, type Problem, storedSession } from 'backend-api-client';
import { type Arithmetic, loadArithmetic } from 'backend-api-client/arithmetic';
import { OfflineQueue } from 'backend-api-client/queue';
import { indexedDbStore } from 'backend-api-client/queue/indexeddb';
import { Catalogue } from './catalogue.js';
import { Durable } from './durable.js';

declare const API_URL: string;

/** Of the device, once it is set up; it stays when somebody signs out. */
export interface Setup {
  deviceId: string;
  deviceNumber: number;
  deviceName: string;
  tenantId: string;
  locationId: string;
  locationCode: string;
  locationName: string;
}

/** Of whoever has signed in last. */
export interface Profile {
  userId?: string;
  /** At this till's location. Missing: nobody has asked yet. */
  maySell?: boolean;
  cashier: string;
  shop: string;
  currency: string;
  timeZone: string;
}

const kept = <T>(name: string): T | undefined => {
  try {
    return (JSON.parse(localStorage.getItem(name) ?? 'null') as T | null) ?? undefined;
  } catch {
    return undefined;
  }
};
const keep = (name: string, value: unknown): void => localStorage.setItem(name, JSON.stringify(value));

class Till {
  readonly api = createClient({
    baseUrl: API_URL,
    session: storedSession(localStorage, 'till.session'),
    onSignedOut: () => dispatchEvent(new Event('signedout')),
  });
  readonly apiUrl = API_URL || location.origin;
  readonly catalogue = new Catalogue();
  readonly durable = new Durable();
  queue!: OfflineQueue;
  done!: () => ReturnType<Awaited<ReturnType<typeof indexedDbStore>>['list']>;
  lastNumber!: () => Promise<number>;
  arithmetic!: Arithmetic;

  async open(): Promise<void> {
    const store = await indexedDbStore({ name: 'till-queue', onBlocked: () => dispatchEvent(new Event('blocked')) });
    this.queue = new OfflineQueue({ client: this.api, store, timeoutMs: 20_000 });
    this.done = async () => (await store.list('done')).slice(-20).reverse();
    this.lastNumber = () => store.last(`device ${this.setup?.deviceId}`);
    [this.arithmetic] = await Promise.all([loadArithmetic(), this.catalogue.open(), this.durable.open()]);
    const setup = this.setup ?? (await this.durable.get<Setup>('setup'));
    if (setup) await this.keepSetup(setup);
  }

  get setup(): Setup | undefined {
    return kept<Setup>('till.setup');
  }
  /** Its numbers are in the queue's store: whoever has those must know whose they are. */
  async keepSetup(setup: Setup | undefined): Promise<void> {
    keep('till.setup', setup ?? null);
    await this.durable.put('setup', setup);
  }

  get profile(): Profile {
    return kept<Profile>('till.profile') ?? { cashier: '', shop: '', currency: 'KES', timeZone: 'Africa/Nairobi' };
  }
  set profile(profile: Profile) {
    keep('till.profile', profile);
  }

  /** Asks the service whether whoever has signed in may sell at this till. Gives what went wrong. */
  async learnRights(): Promise<Problem | undefined> {
    const reply = await this.api.get('/v1/auth/me');
    if (!reply.ok) return reply.error;
    const { user, permissions, locationPermissions } = reply.data;
    const here = locationPermissions.filter(({ locationId }) => locationId === this.setup?.locationId);
    const maySell = [permissions, ...here.map((more) => more.permissions)].flat().includes('sales.create');
    const { profile } = this;
    // Somebody else may have signed in meanwhile.
    if ((profile.userId ?? user.id) === user.id && profile.maySell !== maySell)
      this.profile = { ...profile, userId: user.id, maySell };
    return undefined;
  }

  get maySell(): boolean {
    return this.profile.maySell !== false;
  }

  /** Why nothing can be sold here now. */
  async refusal(): Promise<string | undefined> {
    const { cashier, userId } = this.profile;
    if (!this.maySell) return `${cashier} may not sell at ${this.setup?.locationName}.`;
    const session = await this.api.session.load();
    if (session && userId !== undefined && session.userId !== userId)
      return 'Somebody else has signed in: log in again.';
    return undefined;
  }
}

export const till = new Till();
export { keep, kept };
