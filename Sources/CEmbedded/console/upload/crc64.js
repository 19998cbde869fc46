// CRC-64/NVME (reflected polynomial 0x9A6C9329AC4BC9B5), which S3 calls CRC64NVME.
//
// The checksum is computed in two 32-bit halves, because arithmetic with BigInt is a hundred times slower. A finished
// checksum is a BigInt.

const POLYNOMIAL_HIGH = 0x9a6c9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const SLICES = 8;

// In slice k, entry b is the contribution of a byte with the value b that is followed by k more bytes, as a pair of the
// low and the high half. All slices together fit in the first-level cache.
const table = new Int32Array(SLICES * 512);

for (let byte = 0; byte < 256; byte += 1) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    const mask = -(low & 1);
    low = ((low >>> 1) | (high << 31)) ^ (POLYNOMIAL_LOW & mask);
    high = (high >>> 1) ^ (POLYNOMIAL_HIGH & mask);
  }
  table[2 * byte] = low;
  table[2 * byte + 1] = high;
}
for (let at = 512; at < table.length; at += 2) {
  const low = table[at - 512];
  const high = table[at - 511];
  const next = 2 * (low & 255);
  table[at] = ((low >>> 8) | (high << 24)) ^ table[next];
  table[at + 1] = (high >>> 8) ^ table[next + 1];
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The CRC-64/NVME of bytes that arrive in chunks. */
export class CRC64 {
  #low = -1;
  #high = -1;

  /** @param {Uint8Array} bytes the next chunk, of any length and alignment */
  update(bytes) {
    let at = 0;
    if (isLittleEndian) {
      at = Math.min(-bytes.byteOffset & 3, bytes.length);
      this.#updateByBytes(bytes, 0, at);
      const words = (bytes.length - at) >>> 2 & ~1;
      if (words > 0) this.#updateByWords(new Int32Array(bytes.buffer, bytes.byteOffset + at, words));
      at += 4 * words;
    }
    this.#updateByBytes(bytes, at, bytes.length);
    return this;
  }

  /** The checksum of the bytes so far, as a BigInt. */
  get value() {
    return (BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0);
  }

  #updateByBytes(bytes, from, to) {
    let low = this.#low;
    let high = this.#high;
    for (let at = from; at < to; at += 1) {
      const index = 2 * ((low ^ bytes[at]) & 255);
      low = ((low >>> 8) | (high << 24)) ^ table[index];
      high = (high >>> 8) ^ table[index + 1];
    }
    this.#low = low;
    this.#high = high;
  }

  #updateByWords(words) {
    const t = table;
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < words.length; at += 2) {
      low ^= words[at];
      high ^= words[at + 1];
      const a = 3584 | ((low << 1) & 510);
      const b = 3072 | ((low >>> 7) & 510);
      const c = 2560 | ((low >>> 15) & 510);
      const d = 2048 | ((low >>> 23) & 510);
      const e = 1536 | ((high << 1) & 510);
      const f = 1024 | ((high >>> 7) & 510);
      const g = 512 | ((high >>> 15) & 510);
      const h = (high >>> 23) & 510;
      low = t[a] ^ t[b] ^ t[c] ^ t[d] ^ t[e] ^ t[f] ^ t[g] ^ t[h];
      high = t[a + 1] ^ t[b + 1] ^ t[c + 1] ^ t[d + 1] ^ t[e + 1] ^ t[f + 1] ^ t[g + 1] ^ t[h + 1];
    }
    this.#low = low;
    this.#high = high;
  }
}

/** Formats a checksum as 16 lower-case hex digits, as in the ETag of a part in the disk store. */
export function hex(checksum) {
  return checksum.toString(16).padStart(16, '0');
}

/**
 * Parses a checksum from 16 hex digits, or from base64 as in `x-amz-checksum-crc64nvme`.
 *
 * @returns {bigint | null} null if the text is neither
 */
export function parseChecksum(text) {
  if (/^[0-9a-f]{16}$/i.test(text)) return BigInt(`0x${text}`);
  if (!/^[A-Za-z0-9+/]{11}=$/.test(text)) return null;
  return [...atob(text)].reduce((value, character) => (value << 8n) | BigInt(character.charCodeAt(0)), 0n);
}

/**
 * Combines the checksums of two byte sequences into the checksum of their concatenation.
 *
 * @param {bigint} first
 * @param {bigint} second
 * @param {number} length number of bytes of the second sequence
 */
export function combine(first, second, length) {
  return multiply(first, powerOfX(length)) ^ second;
}

// In the reflected representation, bit 63 is the coefficient of x⁰.
const ONE = 1n << 63n;
const powers = new Map();

function multiply(left, right) {
  let product = 0n;
  for (let bit = ONE; bit > 0n; bit >>= 1n) {
    if (left & bit) product ^= right;
    right = right & 1n ? (right >> 1n) ^ POLYNOMIAL : right >> 1n;
  }
  return product;
}

/** Returns x to the power of 8·length. Results are cached, because a file has only a few different part lengths. */
function powerOfX(length) {
  const known = powers.get(length);
  if (known !== undefined) return known;
  let power = ONE;
  let square = 1n << 55n;
  for (let rest = BigInt(length); rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = multiply(power, square);
    square = multiply(square, square);
  }
  if (powers.size > 100) powers.clear();
  powers.set(length, power);
  return power;
}
