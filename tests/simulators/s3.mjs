// A simulator of S3 that believes nothing: it checks Signature V4 of headers, of presigned URLs and of POST policies, the time,
// the body's hash,
// and what was signed of a body (length, type). Calls without a signature are refused. For tests and development.
//
//     node tests/simulators/s3.mjs --port 9000 [--bucket files] [--region us-east-1] [--access-key KEY --secret-key SECRET]
//     {"listening":9000}
//
// One bucket, path style and `bucket.` before the host. In tests `server.fault = (call) => …` is asked before each call:
// undefined lets it
// through, 'cut' closes the connection, and an answer ({status, headers, body}) goes out in place of the bucket's; `call.act()`
// does what was
// asked and gives the bucket's answer. `server.clockOffset` moves its clock (ms).
import { Buffer } from 'node:buffer';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { argv } from 'node:process';
import { pathToFileURL, URL } from 'node:url';
import { parseArgs } from 'node:util';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const md5 = (bytes) => createHash('md5').update(bytes).digest();
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const escapeXml = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const isoDate = (text) => Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

const mostBytes = 256 * 1024 * 1024;
const allowedSkew = 15 * 60 * 1000;

class Refusal extends Error {
  constructor(status, code, more = '', headers = {}) {
    super(code);
    Object.assign(this, { status, code, more, headers });
  }
  answer() {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${this.code}</Code><Message>${this.code}</Message>${this.more}</Error>`;
    return { status: this.status, headers: { 'Content-Type': 'application/xml', ...this.headers }, body };
  }
}

const xml = (body, headers = {}) => ({
  status: 200,
  headers: { 'Content-Type': 'application/xml', ...headers },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

// The raw bytes of a query, in pairs, so that what was signed is what is checked.
function queryOf(url) {
  const mark = url.indexOf('?');
  if (mark < 0) return [];
  return url
    .slice(mark + 1)
    .split('&')
    .map((member) => {
      const equals = member.indexOf('=');
      const name = equals < 0 ? member : member.slice(0, equals);
      return [decodeURIComponent(name), equals < 0 ? '' : decodeURIComponent(member.slice(equals + 1))];
    });
}

function multipartOf(type, body) {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (!boundary) throw new Refusal(400, 'MalformedPOSTRequest');
  const fields = new Map();
  let at = body.indexOf(`--${boundary}`);
  for (;;) {
    const start = at + boundary.length + 4;
    const next = body.indexOf(`\r\n--${boundary}`, start);
    if (next < 0) return fields;
    const headEnd = body.indexOf('\r\n\r\n', start);
    const head = body.subarray(start, headEnd).toString();
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? '';
    fields.set(name, body.subarray(headEnd + 4, next));
    if (name === 'file') return fields;
    at = next + 2;
  }
}

export class S3 {
  objects = new Map(); // key: { bytes, etag, headers, modified }
  uploads = new Map(); // upload id: { key, headers, parts }
  requests = []; // { method, url, key, query, headers, status }
  fault = undefined;
  clockOffset = 0;

  constructor({ bucket, region, accessKey, secretKey }) {
    Object.assign(this, { bucket, region, accessKey, secretKey });
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }
  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
  now() {
    return Date.now() + this.clockOffset;
  }

  // ---- One call

  async serve(request, response) {
    const chunks = [];
    let size = 0;
    try {
      for await (const chunk of request) {
        size += chunk.length;
        if (size <= mostBytes) chunks.push(chunk);
      }
    } catch {
      return; // the client has gone
    }
    const call = this.callOf(request, Buffer.concat(chunks));
    this.requests.push(call);
    let answer;
    try {
      answer = await this.answer(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = error.answer();
    }
    if (answer === 'cut') return request.socket.destroy();
    call.status = answer.status;
    this.reply(call, answer, response);
  }

  reply(call, { status, headers, body }, response) {
    const date = new Date(this.now()).toUTCString();
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body ?? '');
    response.writeHead(status, { Date: date, 'Content-Length': bytes.length, ...headers });
    response.end(call.method === 'HEAD' ? undefined : bytes);
  }

  callOf(request, body) {
    const host = request.headers.host ?? '';
    const rawPath = request.url.split('?')[0];
    const path = decodeURIComponent(rawPath);
    const isVirtual = host.startsWith(`${this.bucket}.`);
    const key = isVirtual ? path.slice(1) : path.slice(this.bucket.length + 2);
    const isBucket = isVirtual || path === `/${this.bucket}` || path.startsWith(`/${this.bucket}/`);
    const query = queryOf(request.url);
    const call = {
      method: request.method,
      url: request.url,
      rawPath,
      key,
      isBucket,
      query,
      headers: request.headers,
      body,
    };
    call.get = (name) => query.find(([other]) => other === name)?.[1];
    return call;
  }

  async answer(call) {
    const act = () => this.act(call);
    const instead = this.fault && (await this.fault({ ...call, act }));
    if (instead) return instead;
    return act();
  }

  act(call) {
    if (!call.isBucket) throw new Refusal(404, 'NoSuchBucket');
    if (call.method === 'POST' && /^multipart\/form-data/.test(call.headers['content-type'] ?? ''))
      return this.form(call);
    this.verify(call);
    return this.operation(call);
  }

  // ---- Signatures

  signature(secretScope, text) {
    const [day, region, service] = secretScope;
    const key = hmac(hmac(hmac(hmac(`AWS4${this.secretKey}`, day), region), service), 'aws4_request');
    return createHmac('sha256', key).update(text).digest('hex');
  }

  scopeOf(credential) {
    const [accessKey, day, region, service, end] = credential.split('/');
    if (accessKey !== this.accessKey) throw new Refusal(403, 'InvalidAccessKeyId');
    if (service !== 's3' || end !== 'aws4_request') throw new Refusal(400, 'AuthorizationHeaderMalformed');
    if (region !== this.region)
      throw new Refusal(400, 'AuthorizationHeaderMalformed', `<Region>${this.region}</Region>`, {
        'x-amz-bucket-region': this.region,
      });
    return [day, region, service];
  }

  canonical(call, signedHeaders, payloadHash) {
    const query = call.query
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => [encode(name), encode(value)])
      .sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const path = decodeURIComponent(call.rawPath).split('/').map(encode).join('/');
    const headers = signedHeaders.map((name) => {
      const value = call.headers[name];
      if (value === undefined) throw new Refusal(403, 'SignatureDoesNotMatch');
      return `${name}:${String(value).trim().replace(/ +/g, ' ')}\n`;
    });
    return [call.method, path, query, headers.join(''), signedHeaders.join(';'), payloadHash].join('\n');
  }

  compare(call, { credential, date, signedHeaders, signature, payloadHash }) {
    const scope = this.scopeOf(credential);
    if (date.slice(0, 8) !== scope[0]) throw new Refusal(403, 'SignatureDoesNotMatch');
    const sorted = [...signedHeaders].sort();
    if (!signedHeaders.includes('host') || signedHeaders.join() !== sorted.join())
      throw new Refusal(403, 'SignatureDoesNotMatch');
    for (const name of Object.keys(call.headers))
      if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) throw new Refusal(403, 'AccessDenied');
    const hash = sha256(this.canonical(call, signedHeaders, payloadHash));
    const text = `AWS4-HMAC-SHA256\n${date}\n${scope.join('/')}/aws4_request\n${hash}`;
    const expected = Buffer.from(this.signature(scope, text));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given))
      throw new Refusal(403, 'SignatureDoesNotMatch');
  }

  verify(call) {
    if (call.get('X-Amz-Signature') !== undefined) return this.verifyPresigned(call);
    const authorization = call.headers.authorization ?? '';
    const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
    if (!parts) throw new Refusal(403, 'AccessDenied');
    const date = call.headers['x-amz-date'] ?? '';
    if (!(Math.abs(isoDate(date) - this.now()) <= allowedSkew)) throw new Refusal(403, 'RequestTimeTooSkewed');
    const payloadHash = call.headers['x-amz-content-sha256'];
    if (payloadHash === undefined) throw new Refusal(400, 'InvalidRequest');
    const signedHeaders = parts[2].split(';');
    this.compare(call, { credential: parts[1], date, signedHeaders, signature: parts[3], payloadHash });
    if (payloadHash !== 'UNSIGNED-PAYLOAD' && payloadHash !== sha256(call.body))
      throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  }

  verifyPresigned(call) {
    const date = call.get('X-Amz-Date') ?? '';
    const lifetime = Number(call.get('X-Amz-Expires'));
    if (call.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' || !(lifetime >= 1 && lifetime <= 604_800))
      throw new Refusal(400, 'AuthorizationQueryParametersError');
    this.compare(call, {
      credential: call.get('X-Amz-Credential') ?? '',
      date,
      signedHeaders: (call.get('X-Amz-SignedHeaders') ?? '').split(';'),
      signature: call.get('X-Amz-Signature'),
      payloadHash: 'UNSIGNED-PAYLOAD',
    });
    const begin = isoDate(date);
    if (begin > this.now() + allowedSkew || begin + lifetime * 1000 <= this.now())
      throw new Refusal(403, 'AccessDenied');
  }

  // ---- Forms of browsers

  form(call) {
    const fields = multipartOf(call.headers['content-type'], call.body);
    const text = (name) => fields.get(name)?.toString() ?? '';
    const policy = text('policy');
    const scope = this.scopeOf(text('x-amz-credential'));
    if (!policy || this.signature(scope, policy) !== text('x-amz-signature'))
      throw new Refusal(403, 'SignatureDoesNotMatch');
    const { expiration, conditions } = JSON.parse(Buffer.from(policy, 'base64').toString());
    if (Date.parse(expiration) <= this.now()) throw new Refusal(403, 'AccessDenied');
    const covered = new Set(['x-amz-signature', 'file', 'policy']);
    for (const condition of conditions) {
      const pairs = Array.isArray(condition) ? [] : Object.entries(condition);
      for (const [name, value] of pairs) {
        covered.add(name.toLowerCase());
        if ((name === 'bucket' ? this.bucket : text(name)) !== value) throw new Refusal(403, 'AccessDenied');
      }
      if (!Array.isArray(condition)) continue;
      const [kind, first, second] = condition;
      const size = fields.get('file')?.length ?? 0;
      if (kind === 'content-length-range' && size > second) throw new Refusal(400, 'EntityTooLarge');
      if (kind === 'content-length-range' && size < first) throw new Refusal(400, 'EntityTooSmall');
    }
    for (const name of fields.keys()) if (!covered.has(name.toLowerCase())) throw new Refusal(403, 'AccessDenied');
    this.store(text('key'), fields.get('file'), { 'content-type': text('Content-Type') });
    return { status: 204, headers: {}, body: '' };
  }

  // ---- What a bucket does

  operation(call) {
    const { method } = call;
    const uploadId = call.get('uploadId');
    if (call.key === '' && method === 'GET')
      return call.get('uploads') === undefined ? this.list(call) : this.listUploads();
    if (call.key === '') throw new Refusal(405, 'MethodNotAllowed');
    if (method === 'POST' && call.get('uploads') !== undefined) return this.begin(call);
    if (method === 'POST' && uploadId) return this.complete(call, uploadId);
    if (method === 'PUT' && uploadId) return this.part(call, uploadId);
    if (method === 'DELETE' && uploadId) return this.abort(uploadId);
    if (method === 'PUT') return call.headers['x-amz-copy-source'] ? this.copy(call) : this.put(call);
    if (method === 'GET' || method === 'HEAD') return this.get(call);
    if (method === 'DELETE') this.objects.delete(call.key);
    else throw new Refusal(405, 'MethodNotAllowed');
    return { status: 204, headers: {}, body: '' };
  }

  store(key, bytes, headers, etag = `"${md5(bytes).toString('hex')}"`) {
    const kept = {};
    for (const [name, value] of Object.entries(headers))
      if (/^(content-type|cache-control|content-disposition|x-amz-meta-.*)$/.test(name)) kept[name] = value;
    this.objects.set(key, { bytes, etag, headers: kept, modified: new Date(this.now()) });
    return etag;
  }

  checkAbsent(call) {
    if (call.headers['if-none-match'] === '*' && this.objects.has(call.key))
      throw new Refusal(412, 'PreconditionFailed');
  }

  put(call) {
    if (call.headers['content-length'] === undefined) throw new Refusal(411, 'MissingContentLength');
    this.checkAbsent(call);
    return { status: 200, headers: { ETag: this.store(call.key, call.body, call.headers) }, body: '' };
  }

  get(call) {
    const object = this.objects.get(call.key);
    if (!object) throw new Refusal(404, 'NoSuchKey');
    const match = call.headers['if-match'];
    if (match && match !== object.etag) throw new Refusal(412, 'PreconditionFailed');
    const headers = { ETag: object.etag, 'Last-Modified': object.modified.toUTCString(), ...object.headers };
    for (const name of ['content-type', 'content-disposition']) {
      const value = call.get(`response-${name}`);
      if (value !== undefined) headers[name] = value;
    }
    const size = object.bytes.length;
    const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '');
    if (call.method === 'HEAD') return { status: 200, headers: { ...headers, 'Content-Length': size }, body: '' };
    if (!range) return { status: 200, headers, body: object.bytes };
    const first = Number(range[1]);
    const last = Math.min(range[2] === '' ? size - 1 : Number(range[2]), size - 1);
    if (first >= size || first > last) throw new Refusal(416, 'InvalidRange');
    headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
    return { status: 206, headers, body: object.bytes.subarray(first, last + 1) };
  }

  copy(call) {
    const source = decodeURIComponent(call.headers['x-amz-copy-source'])
      .replace(/^\//, '')
      .slice(this.bucket.length + 1);
    const object = this.objects.get(source);
    if (!object) throw new Refusal(404, 'NoSuchKey');
    const match = call.headers['x-amz-copy-source-if-match'];
    if (match && match !== object.etag) throw new Refusal(412, 'PreconditionFailed');
    const replaces = call.headers['x-amz-metadata-directive'] === 'REPLACE';
    const etag = this.store(call.key, object.bytes, replaces ? call.headers : object.headers);
    return xml(`<CopyObjectResult><ETag>${escapeXml(etag)}</ETag></CopyObjectResult>`);
  }

  list(call) {
    if (call.get('list-type') !== '2') throw new Refusal(501, 'NotImplemented');
    const prefix = call.get('prefix') ?? '';
    const most = Number(call.get('max-keys') ?? 1000);
    const after = Buffer.from(call.get('continuation-token') ?? '', 'base64');
    const all = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), after) > 0)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = all.slice(0, most);
    const contents = page.map((key) => {
      const { bytes, etag, modified } = this.objects.get(key);
      return `<Contents><Key>${encode(key).replaceAll('%20', '+')}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const next =
      all.length > page.length
        ? `<NextContinuationToken>${Buffer.from(page.at(-1)).toString('base64')}</NextContinuationToken>`
        : '';
    return xml(
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== ''}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }

  // ---- Uploads in parts

  begin(call) {
    const id = randomBytes(16).toString('base64');
    this.uploads.set(id, { key: call.key, headers: call.headers, parts: new Map() });
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  uploadOf(id) {
    const upload = this.uploads.get(id);
    if (!upload) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  }
  part(call, id) {
    const number = Number(call.get('partNumber'));
    if (!(number >= 1 && number <= 10_000)) throw new Refusal(400, 'InvalidArgument');
    this.uploadOf(id).parts.set(number, call.body);
    return { status: 200, headers: { ETag: `"${md5(call.body).toString('hex')}"` }, body: '' };
  }
  complete(call, id) {
    const upload = this.uploadOf(id);
    this.checkAbsent(call);
    const named = [...call.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
    const parts = named.map(([, number, etag]) => {
      const bytes = upload.parts.get(Number(number));
      if (!bytes || etag.replaceAll('&quot;', '') !== md5(bytes).toString('hex')) throw new Refusal(400, 'InvalidPart');
      return bytes;
    });
    if (parts.length === 0) throw new Refusal(400, 'MalformedXML');
    for (const bytes of parts.slice(0, -1))
      if (bytes.length < 5 * 1024 * 1024) throw new Refusal(400, 'EntityTooSmall');
    const etag = `"${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}"`;
    this.store(upload.key, Buffer.concat(parts), upload.headers, etag);
    this.uploads.delete(id);
    return xml(`<CompleteMultipartUploadResult><ETag>${escapeXml(etag)}</ETag></CompleteMultipartUploadResult>`);
  }
  abort(id) {
    this.uploadOf(id);
    this.uploads.delete(id);
    return { status: 204, headers: {}, body: '' };
  }
  listUploads() {
    const all = [...this.uploads].map(
      ([id, { key }]) => `<Upload><Key>${encode(key)}</Key><UploadId>${id}</UploadId></Upload>`,
    );
    return xml(
      `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${all.join('')}</ListMultipartUploadsResult>`,
    );
  }
}

export const refusal = (status, code) => new Refusal(status, code).answer();

export async function start({
  port = 0,
  bucket = 'files',
  region = 'us-east-1',
  accessKey = 'AKIASIMULATOR',
  secretKey = 'secret/of+the=simulator',
} = {}) {
  const simulator = new S3({ bucket, region, accessKey, secretKey });
  await new Promise((resolve) => simulator.server.listen(port, '127.0.0.1', resolve));
  return simulator;
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9000' },
      bucket: { type: 'string' },
      region: { type: 'string' },
      'access-key': { type: 'string' },
      'secret-key': { type: 'string' },
    },
  });
  const simulator = await start({
    port: Number(values.port),
    bucket: values.bucket,
    region: values.region,
    accessKey: values['access-key'],
    secretKey: values['secret-key'],
  });
  console.log(JSON.stringify({ listening: Number(new URL(simulator.url).port) }));
}
