// Uploads to S3 as they are written in Node: busboy reads the form, @aws-sdk/lib-storage sends the file on in parts. A yardstick of
// tests/e2e/files-streams.test.ts, not a product: it asks nobody who they are, and looks at no byte.
//
//     node bench/peers/uploads/server.mjs http://127.0.0.1:9000 KEY SECRET BUCKET      prints {"listening":PORT}
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import busboy from 'busboy';
import http from 'node:http';
import { argv } from 'node:process';

const [, , endpoint, accessKeyId, secretAccessKey, bucket] = argv;
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  credentials: { accessKeyId, secretAccessKey },
});
let uploads = 0;

function receive(request) {
  return new Promise((resolve, reject) => {
    const form = busboy({ headers: request.headers, limits: { files: 1 } });
    let sent;
    form.on('file', (_, file, { mimeType }) => {
      let bytes = 0;
      file.on('data', (piece) => (bytes += piece.length));
      const params = { Bucket: bucket, Key: `peer/${++uploads}`, Body: file, ContentType: mimeType };
      sent = new Upload({ client, params }).done().then(() => bytes);
      sent.catch(reject);
    });
    form.on('error', reject);
    form.on('close', () => (sent ? sent.then(resolve) : reject(new Error('no file'))));
    request.pipe(form);
  });
}

const server = http.createServer((request, response) => {
  receive(request).then(
    (bytes) => response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ bytes })),
    (error) => response.writeHead(500, { Connection: 'close' }).end(String(error)),
  );
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
