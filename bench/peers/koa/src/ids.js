import { Buffer } from 'node:buffer';
import { createHash, randomFillSync } from 'node:crypto';

function format(bytes) {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

function stamp(bytes, version) {
  bytes[6] = (bytes[6] & 0x0f) | (version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return format(bytes);
}

const pool = Buffer.alloc(16 * 256);
let used = pool.length;

// UUID version 7, RFC 9562 §5.7. Random bytes are drawn for many at once, as node:crypto's own randomUUID() does.
export function newId() {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, (used += 16));
  bytes.writeUIntBE(Date.now(), 0, 6);
  return stamp(bytes, 7);
}

export const stockLevelId = (locationId, variantId) =>
  stamp(
    createHash('sha256')
      .update(locationId + variantId)
      .digest()
      .subarray(0, 16),
    8,
  );
