/* global document, FormData */
// Each form is sent as JSON, with the CSRF token that stands in its cookie.
const csrf = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]*)/)?.[1] ?? '';
const show = (id, text) => (document.getElementById(id).textContent = text);

async function refresh() {
  const reply = await fetch('/v1/session');
  // An outage signs nobody out.
  if (!reply.ok && reply.status !== 401) return show('problem', (await reply.json()).title);
  const { name, items = [] } = reply.ok ? await reply.json() : {};
  show('who', name ? `Signed in as ${name}.` : 'Not signed in.');
  const rows = items.map((item) => Object.assign(document.createElement('li'), { textContent: item }));
  document.getElementById('items').replaceChildren(...rows);
}

document.addEventListener('submit', async (event) => {
  event.preventDefault();
  const reply = await fetch(event.target.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf() },
    body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
  });
  show('problem', reply.ok ? '' : (await reply.json()).title);
  event.target.reset();
  await refresh();
});

await refresh();
