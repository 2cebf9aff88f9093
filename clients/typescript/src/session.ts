// Who has signed in, kept where all tabs see it. A refresh token serves once, and a repetition gives the same successor: so tabs that refresh at
// the same time need no lock, only the habit of looking at what is stored before and after.

export interface Session {
  userId: string;
  tenantId: string;
  deviceId?: string;
  accessToken?: string;
  refreshToken?: string;
  /** Of a cookie session, which has no tokens. */
  csrfToken?: string;
}

/** Whose something is. */
export interface Caller {
  userId: string;
  tenantId: string;
}

export interface SessionStore {
  load(): Session | null | Promise<Session | null>;
  save(session: Session | null): void | Promise<void>;
}

export function memorySession(): SessionStore {
  let kept: Session | null = null;
  return {
    load: () => kept,
    save: (session) => {
      kept = session;
    },
  };
}

/** Shared by the tabs of an origin. `storage` is the page's `localStorage`, or anything of its form. */
export function storedSession(
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
  name = 'backend-api.session',
): SessionStore {
  return {
    load: () => {
      try {
        return JSON.parse(storage.getItem(name) ?? 'null') as Session | null;
      } catch {
        return null;
      }
    },
    save: (session) => (session ? storage.setItem(name, JSON.stringify(session)) : storage.removeItem(name)),
  };
}

export const sameCaller = (one: Caller | null | undefined, other: Caller | null | undefined): boolean =>
  one?.userId === other?.userId && one?.tenantId === other?.tenantId;
