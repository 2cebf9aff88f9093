/* global crypto, document, MutationObserver, SwaggerUIBundle */
// A file of its own: the Content-Security-Policy allows no inline script.

// What Swagger UI leaves to be done: fields without a name, which a screen reader calls no more than "edit" or "list", buttons that
// are called other than they read, long texts that a keyboard cannot scroll, and links inside of buttons (the button opens the
// operation, and puts its link in the address bar).
function nameOf(field) {
  const row = field.closest('[data-param-name], [data-property-name]');
  if (row) return row.dataset.paramName ?? row.dataset.propertyName;
  if (field.id === 'servers') return 'Server';
  return field.localName === 'textarea' ? 'Request body' : 'Example';
}

function complete() {
  for (const field of document.querySelectorAll('textarea:not([aria-label]), select:not([aria-label])'))
    field.setAttribute('aria-label', nameOf(field));
  for (const button of document.querySelectorAll('.auth-btn-wrapper [aria-label]'))
    button.removeAttribute('aria-label');
  for (const button of document.querySelectorAll('.close-modal:not([aria-label])'))
    button.setAttribute('aria-label', 'Close');
  for (const link of document.querySelectorAll('button a[href]')) link.removeAttribute('href');
  for (const text of document.querySelectorAll('pre.microlight:not([tabindex])')) text.tabIndex = 0;
}

// The Idempotency-Key that is filled in is an example: sent twice, with two bodies, it is refused. It stands for a new one with each
// Execute, in the body (clientRequestId) as well; a key that somebody has typed is sent as it is. Swagger UI shows what was sent.
function exampleKeys() {
  const operations = Object.values(ui.specSelectors.specJson().toJS().paths ?? {}).flatMap((path) =>
    Object.values(path),
  );
  const parameters = operations.flatMap((operation) => operation.parameters ?? []);
  return new Set(parameters.filter(({ name }) => name === 'Idempotency-Key').map(({ example }) => example));
}

// Not crypto.randomUUID(), which a page at http://192.168.… does not have.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function withNewKey(request) {
  const example = request.headers?.['Idempotency-Key'];
  if (!example || !exampleKeys().has(example)) return request;
  const key = newKey();
  request.headers['Idempotency-Key'] = key;
  if (typeof request.body === 'string') request.body = request.body.replaceAll(example, key);
  return request;
}

const ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'none', // hundreds of operations take a minute to draw: those of a tag when it is opened
  tagsSorter: (one, other) => Number(one === 'operations') - Number(other === 'operations'), // probes come last
  defaultModelsExpandDepth: 0, // the list of all schemas opens when asked: each operation shows its own
  filter: true,
  persistAuthorization: true, // in this browser, so that it survives a reload
  tryItOutEnabled: true, // an operation opens with its example filled in, ready for Execute
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  validatorUrl: null, // the default would send the document to a server elsewhere
  requestInterceptor: withNewKey,
  onComplete() {
    document.title = ui.specSelectors.info().get('title');
  },
});

new MutationObserver(complete).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
