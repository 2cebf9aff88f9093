// An article: what it costs, how many there are, and its picture, which is taken with this device's camera and sent in pieces.
import { ApiError } from 'backend-api-client';
import { uploadResumable } from 'backend-api-client/uploads';
import type { Article } from './catalogue.js';
import { h, openDialog } from './dom.js';
import { money } from './money.js';
import { till } from './till.js';

async function changePicture(article: Article, file: File, onProgress: (text: string) => void): Promise<string> {
  const show = (sent: number, all: number): void => onProgress(`${Math.round((100 * sent) / all)} %`);
  const { id } = await uploadResumable(till.api, file, { purpose: 'image', filename: file.name, onProgress: show });
  for (let attempt = 0; attempt < 20; ++attempt) {
    const upload = await till.api.get('/v1/uploads/{id}', { path: { id } });
    if (!upload.ok) return upload.error.detail ?? upload.error.title;
    if (upload.data.state === 'refused') return 'That is no picture that the service takes.';
    if (upload.data.imageId) {
      const version = till.catalogue.product(article.productId)?.version ?? 0;
      const body = { imageId: upload.data.imageId };
      const reply = await till.api.patch('/v1/products/{id}', { path: { id: article.productId }, version, body });
      return reply.ok ? 'The picture is there.' : (reply.error.detail ?? reply.error.title);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return 'The service works on the picture.';
}

export function showArticle(article: Article): void {
  const state = h('p', { role: 'status' });
  const file = h('input', { id: 'picture', type: 'file', accept: 'image/*', capture: 'environment' });
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const problem = (error: unknown): string =>
      error instanceof ApiError ? (error.problem.detail ?? error.problem.title) : 'There is no connection.';
    state.textContent = await changePicture(article, chosen, (text) => (state.textContent = text)).catch(problem);
  });
  const facts: [string, string | undefined][] = [
    ['Price', `${money(article.price)} / ${article.unit}`],
    ['In stock', till.catalogue.stockOf(article.variantId)],
    ['Tax', article.taxCode && `${article.taxCode} ${article.taxRatePpm / 10_000} %`],
    ['Barcodes', till.catalogue.codesOf(article.variantId).join(', ')],
  ];
  openDialog(
    article.name,
    article.imageUrl && h('img', { class: 'picture', src: article.imageUrl, alt: '' }),
    h(
      'dl',
      {},
      facts.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
    h('label', { for: 'picture' }, 'Change its picture'),
    file,
    state,
  );
}
