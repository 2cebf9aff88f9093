// Parts of an SMS, by 3GPP TS 23.038 and 23.040.
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const extension = new Set('\f^{}\\[~]|€');

// {encoding: 'gsm7' | 'ucs2', units, parts}
export function measure(text) {
  const characters = [...text];
  const isGsm7 = characters.every((c) => basic.has(c) || extension.has(c));
  const sizes = characters.map((c) => (isGsm7 ? (extension.has(c) ? 2 : 1) : c.length));
  const [alone, ofSeveral] = isGsm7 ? [160, 153] : [70, 67];
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const encoding = isGsm7 ? 'gsm7' : 'ucs2';
  if (units <= alone) return { encoding, units, parts: units > 0 ? 1 : 0 };
  let parts = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > ofSeveral) {
      parts += 1;
      used = 0;
    }
    used += size;
  }
  return { encoding, units, parts };
}
