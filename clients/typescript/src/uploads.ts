// A file in pieces (tus 1.0): what has arrived is not sent again, after a dead link or a restart.
import { type Client, pause, type Result } from './client.js';
import { ApiError, clientProblem } from './problems.js';

export interface ResumableOptions {
  purpose: 'image' | 'document';
  filename?: string;
  /** The file's own type when missing. */
  contentType?: string;
  /** 1 MiB when missing; less on a bad link. */
  pieceBytes?: number;
  /** The `Location` that an earlier run was given: goes on there. */
  resume?: string;
  /** Keep it, so that the upload can be resumed. */
  onLocation?: (location: string) => void | Promise<void>;
  onProgress?: (sent: number, total: number) => void;
  signal?: AbortSignal;
  /** Failures in a row before it gives up; 8 when missing. */
  attempts?: number;
  pauseMs?: number;
}

const tus = { 'Tus-Resumable': '1.0.0' };

function base64(text: string): string {
  const bytes = unescape(encodeURIComponent(text));
  return typeof btoa === 'function' ? btoa(bytes) : Buffer.from(bytes, 'binary').toString('base64');
}

// `Location` may be a path or a whole URL. The file and the token go nowhere else than to the service.
function pathOf(location: string): string {
  const path = location.replace(/^https?:\/\/[^/?#]+/i, '');
  if (!/^\/[^/\\]/.test(path)) throw new TypeError('the service gave the upload no Location');
  return path;
}

// Longer than this no answer can make it wait.
const mostPauseMs = 300_000;

function need(result: Result<any, string>): Headers {
  if (!result.ok) throw new ApiError(result.error as any);
  return result.headers;
}

const offsetOf = (headers: Headers): number => {
  const offset = Number(headers.get('upload-offset') ?? NaN);
  if (!Number.isSafeInteger(offset) || offset < 0) throw new TypeError('the service did not say how much has arrived');
  return offset;
};

/** Sends all of it, and gives the upload's id, of which `GET /v1/uploads/{id}` says what became. Throws an ApiError. */
export async function uploadResumable(
  client: Client,
  file: Blob,
  options: ResumableOptions,
): Promise<{ id: string; location: string }> {
  const { pieceBytes = 1 << 20, attempts = 8, pauseMs = 500, signal } = options;
  const signalled = signal ? { signal } : {};
  const begin = async (): Promise<string> => {
    const metadata = {
      purpose: options.purpose,
      filename: options.filename,
      filetype: options.contentType ?? (file.type || undefined),
    };
    const pairs = Object.entries(metadata).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const headers = {
      ...tus,
      'Upload-Length': String(file.size),
      'Upload-Metadata': pairs.map(([name, value]) => `${name} ${base64(value)}`).join(','),
    };
    // Begun twice when the first answer is lost: what nobody continues expires.
    const made = need(
      await client.send({ method: 'POST', target: '/v1/uploads/tus', headers, repeatable: true, ...signalled }),
    );
    const location = pathOf(made.get('location') ?? '');
    await options.onLocation?.(location);
    return location;
  };
  const location = options.resume === undefined ? await begin() : pathOf(options.resume);
  const ask = async (): Promise<number> =>
    offsetOf(
      need(await client.send({ method: 'GET', target: location, headers: tus, repeatable: true, ...signalled })),
    );

  let offset = options.resume ? await ask() : 0;
  let failures = 0;
  while (offset < file.size) {
    const piece = file.slice(offset, Math.min(offset + pieceBytes, file.size));
    const headers = { ...tus, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' };
    const sent = await client.send({
      method: 'PATCH' as const,
      target: location,
      body: piece,
      headers,
      repeatable: false,
      attempts: 1,
      ...signalled,
    });
    if (sent.ok) {
      const next = offsetOf(sent.headers);
      if (next <= offset || next > offset + piece.size)
        throw new TypeError(`the service says that ${next} of ${offset + piece.size} bytes have arrived`);
      offset = next;
      failures = 0;
      options.onProgress?.(offset, file.size);
      continue;
    }
    const { retriable, action, retryAfterMs } = sent.error;
    if ((!retriable && action !== 'pull_first') || ++failures >= attempts) throw new ApiError(sent.error as any);
    await pause(Math.min(mostPauseMs, Math.max(retryAfterMs ?? 0, pauseMs * failures)), signal);
    if (signal?.aborted) throw new ApiError(clientProblem('client.aborted'));
    // The service knows how much has arrived; what was sent here proves nothing.
    offset = await ask();
  }
  return { id: location.slice(location.lastIndexOf('/') + 1), location };
}
