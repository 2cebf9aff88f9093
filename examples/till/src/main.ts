// A till in the browser. The order of things: open the stores, find out who sells, show the screen; the network comes after.
import type { Live } from 'backend-api-client/realtime';
import type { QueueStatus } from 'backend-api-client/queue';
import { h, icon, openDialog, put } from './dom.js';
import { logInForm } from './log-in.js';
import { baskets, isAsked } from './basket.js';
import { payMpesa } from './pay.js';
import { indicator, reasonOf, showQueue } from './queue-view.js';
import { sellScreen } from './sell.js';
import { follow } from './sync.js';
import { till } from './till.js';

const heartbeatMs = 60_000;

const queueButton = h('button', { class: 'indicator', onclick: showQueue });
const banner = h('div', { class: 'banner', role: 'status' });
let isSignedOut = false;
let live: Live | undefined;
let heart: ReturnType<typeof setInterval> | undefined;

async function start(): Promise<void> {
  await till.open();
  till.queue.subscribe(showStatus);
  addEventListener('signedout', () => {
    isSignedOut = true;
    void till.queue.status().then(showStatus);
  });
  if ((await till.api.session.load()) && till.setup) await showTill();
  else showLogIn();
}

function showLogIn(): void {
  put(document.body, h('main', { class: 'alone' }, logInForm(showTill)));
}

async function showTill(): Promise<void> {
  // What cannot be read now is looked at again before anything is sold.
  await baskets.recover().catch(() => {});
  const { profile, setup } = till;
  const screen = sellScreen();
  const menu = h('button', { class: 'plain', 'aria-label': 'Menu', onclick: showMenu }, icon('menu'));
  const head = h(
    'header',
    { class: 'head' },
    menu,
    h('h1', {}, profile.shop, h('small', {}, ` ${setup!.deviceName}`)),
    queueButton,
  );
  put(document.body, head, banner, screen.element);
  isSignedOut = false;
  till.queue.start();
  showStatus(await till.queue.status());
  end();
  live = follow({
    onChange: screen.refresh,
    onProgress: (rows, all) => screen.progress(`${rows} of ${all} rows are here …`),
  });
  heart = setInterval(() => void beat(), heartbeatMs);
  void checkNumbers();
  void checkRights();
  if (isAsked(baskets.present) && till.maySell) payMpesa();
}

function end(): void {
  live?.close();
  clearInterval(heart);
}

let lost = false;

// What the service has seen of this till, and what this browser knows: after the browser's data were deleted they differ.
async function checkNumbers(): Promise<void> {
  const { deviceId } = till.setup!;
  const device = await till.api.get('/v1/devices/{id}', { path: { id: deviceId } });
  if (!device.ok) return void beat();
  lost =
    (await till.queue.startNumbers(deviceId, device.data.lastSeqSeen)) === 'lost' || device.data.status !== 'active';
  showStatus(await till.queue.status());
  await beat();
}

// They may have been taken away since the log-in.
async function checkRights(): Promise<void> {
  if ((await till.api.session.load()) && !(await till.learnRights())) await showRights();
}

async function showRights(): Promise<void> {
  baskets.changed.dispatchEvent(new Event('change'));
  showStatus(await till.queue.status());
}

async function beat(): Promise<void> {
  if (!(await till.api.session.load())) return;
  const { waiting: pending, oldestAddedAt } = await till.queue.status();
  const body = {
    deviceId: till.setup!.deviceId,
    pending,
    ...(oldestAddedAt !== undefined && { oldestPendingAt: new Date(oldestAddedAt).toISOString() }),
    lastDeviceSeq: await till.lastNumber(),
    sentAt: new Date().toISOString(),
  };
  await till.api.call('POST', '/v1/sync/heartbeat', { body, attempts: 1 });
}

let parked = 0;

function showStatus(status: QueueStatus): void {
  indicator(queueButton, status);
  if (status.parked > parked) void checkRights();
  parked = status.parked;
  const needs = (text: string, label: string, act: () => void): Node[] => [
    h('span', {}, text),
    h('button', { onclick: act }, label),
  ];
  if (lost)
    put(
      banner,
      needs(
        'This till must be set up anew: its numbers are not known here any more.',
        'Set up',
        () => void setUpAnew(),
      ),
    );
  else if (isSignedOut || status.stopped === 'signed_out')
    put(banner, needs('You are signed out.', 'Log in', logInAgain));
  else if (!till.maySell)
    put(
      banner,
      needs(`${till.profile.cashier} may not sell at ${till.setup?.locationName}.`, 'Log out', () => void logOut()),
    );
  else if (status.stopped === 'pay' || status.stopped === 'upgrade') put(banner, h('span', {}, reasonOf(status)));
  else put(banner);
}

function logInAgain(): void {
  const dialog = openDialog(
    'Log in',
    logInForm(async () => {
      dialog.close();
      await showTill();
      await till.queue.flush();
    }),
  );
}

async function setUpAnew(): Promise<void> {
  end();
  lost = false;
  await till.keepSetup(undefined);
  await till.api.logOut();
  showLogIn();
}

async function logOut(): Promise<void> {
  end();
  await till.api.logOut();
  showLogIn();
}

function showMenu(): void {
  const { profile, setup } = till;
  const go = (act: () => void) => () => {
    dialog.close();
    act();
  };
  const dialog = openDialog(
    profile.shop,
    h('p', {}, `${profile.cashier}, ${setup?.deviceName} at ${setup?.locationName}`),
    h('button', { class: 'wide', onclick: go(showQueue) }, 'Sales of this till'),
    h('button', { class: 'wide', onclick: go(() => void logOut()) }, 'Log out'),
    h('p', {}, 'What waits to be sent stays here when you log out.'),
  );
}

// Another window of this till has logged somebody in.
addEventListener('storage', ({ key }) => {
  if (key === 'till.profile' && till.queue) void showRights();
});
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('worker.js').catch(() => {});
start().catch((error: Error) => {
  put(
    document.body,
    h('main', { class: 'alone' }, h('h1', {}, 'The till cannot start'), h('p', { role: 'alert' }, error.message)),
  );
});
