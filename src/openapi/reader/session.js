// A session at the service: begun, renewed and ended, by the paths that `signIn` of /docs/reader.json names.
//
//     const session = await begin({ login, password }, signIn, server);   // { token, refresh }
//     await end(session, signIn, server);

import { within } from './exchange.js';

async function post(url, { token, body }) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers['Content-Type'] = 'application/json';
  const init = { method: 'POST', headers, credentials: 'omit', keepalive: true, body: body && JSON.stringify(body) };
  const [reply, text] = await within(30, async (signal) => {
    const reply = await fetch(url, { ...init, signal });
    return [reply, await reply.text()];
  });
  if (reply.ok) return text === '' ? {} : JSON.parse(text);
  const problem = /json/.test(reply.headers.get('Content-Type') ?? '') ? JSON.parse(text) : {};
  const said = problem.detail ?? problem.title ?? `The service answered ${reply.status}.`;
  throw Object.assign(new Error(said), { status: reply.status });
}

const sessionOf = (answer, { tokenMember, refreshMember }) => ({
  token: answer[tokenMember],
  refresh: answer[refreshMember],
});

export const begin = async ({ login, password }, signIn, server) =>
  sessionOf(await post(server + signIn.path, { body: { [signIn.loginMember]: login, password } }), signIn);

// An access token lives for minutes, and the session for weeks: the refresh token gives both anew, once.
export const renewed = async ({ refresh }, signIn, server) =>
  sessionOf(await post(server + signIn.refreshPath, { body: { [signIn.refreshMember]: refresh } }), signIn);

// What is over already is not a fault.
export async function end(session, signIn, server) {
  if (!signIn?.signOutPath) return;
  const out = ({ token }) => post(server + signIn.signOutPath, { token });
  try {
    await out(session);
  } catch (error) {
    if (error.status !== 401) throw error;
    if (!session.refresh) return;
    const again = await renewed(session, signIn, server).catch((fault) => {
      if (fault.status !== 401) throw fault;
    });
    if (again) await out(again);
  }
}
