/* global document, MutationObserver, SwaggerUIBundle */
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
  onComplete() {
    document.title = ui.specSelectors.info().get('title');
  },
});

new MutationObserver(complete).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
