// Computes checksums of slices of files. Each message is {id, blob}; the answer is {id, checksum} or {id, error}.

import { CRC64 } from './crc64.js';

/** Long enough that a read costs little more than copying, short enough that two chunks do not matter in memory. */
const CHUNK = 2 << 20;

const reader = new FileReaderSync();

self.onmessage = ({ data: { id, blob } }) => {
  try {
    const crc = new CRC64();
    for (let at = 0; at < blob.size; at += CHUNK) {
      crc.update(new Uint8Array(reader.readAsArrayBuffer(blob.slice(at, at + CHUNK))));
    }
    self.postMessage({ id, checksum: crc.value });
  } catch (error) {
    self.postMessage({ id, error: { name: error.name, message: error.message } });
  }
};
