const MIB = 1 << 20;
const MAXIMUM_PARTS = 10_000;

/** Maximum length of a file in bytes (5 TiB). */
export const MAXIMUM_SIZE = 5 * 2 ** 40;

/**
 * Returns the part size for a file, in bytes.
 *
 * Small files have parts of 16 MiB, so that all connections are used. Large files have parts of up to 64 MiB, to reduce
 * the number of calls. Parts are larger only if the file would otherwise need more than 10,000 parts.
 *
 * @param {number} size length of the file in bytes
 */
export function choosePartSize(size) {
  const smallest = Math.ceil(size / MAXIMUM_PARTS / MIB) * MIB;
  const wanted = size <= 4096 * MIB ? 16 * MIB : size <= 65_536 * MIB ? 32 * MIB : 64 * MIB;
  return Math.max(smallest, wanted);
}

/** The division of a file into parts, numbered from 1. */
export class Plan {
  constructor(size, partSize) {
    this.size = size;
    this.partSize = partSize;
    /** Number of parts; an empty file has none. */
    this.parts = Math.ceil(size / partSize);
  }

  get isValid() {
    return this.partSize > 0 && this.parts <= MAXIMUM_PARTS;
  }

  /** Returns the offset of the first byte of a part. */
  start(number) {
    return (number - 1) * this.partSize;
  }

  /** Returns the length of a part in bytes. */
  length(number) {
    return Math.min(this.size, number * this.partSize) - this.start(number);
  }
}
