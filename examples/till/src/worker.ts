// The app is in the browser after the first visit, and starts from there, with or without a network. What the API says is never kept here.
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(reply: Promise<Response>): void;
}
// TypeScript has these types in a library that excludes a page's.
declare const self: {
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: FetchEvent) => void): void;
};
declare const VERSION: string;
declare const SHELL: string[];

const name = `till-${VERSION}`;

async function install(): Promise<void> {
  const cache = await caches.open(name);
  // Past the browser's own cache, which may have files of two versions.
  await cache.addAll(['./', ...SHELL].map((file) => new Request(file, { cache: 'reload' })));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  for (const other of await caches.keys()) if (other.startsWith('till-') && other !== name) await caches.delete(other);
  await self.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const kept = await caches.match(request.mode === 'navigate' ? './' : request, {
    cacheName: name,
    ignoreSearch: true,
  });
  return kept ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const isOurs = event.request.method === 'GET' && origin === self.location.origin && !pathname.startsWith('/v1/');
  if (isOurs) event.respondWith(answer(event.request));
});

export {};
