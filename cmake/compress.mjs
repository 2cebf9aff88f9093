// node compress.mjs INPUT OUTPUT: writes OUTPUT, OUTPUT.br and OUTPUT.gz, as small as they go. Same input, same bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export function writeCompressed(bytes, output) {
  mkdirSync(dirname(output), { recursive: true });
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(output, bytes);
  writeFileSync(`${output}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${output}.gz`, gzipSync(bytes, { level: 9 }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [input, output] = process.argv.slice(2);
  writeCompressed(readFileSync(input), output);
}
