import { ApiError } from '../api/client.js';
import { backoff, network } from '../api/network.js';
import { CRC64, combine, hex, parseChecksum } from './crc64.js';
import { SMALL } from './hasher.js';
import { PartURLs } from './part-urls.js';
import { UploadProblem, explainOutage } from './problems.js';
import { put } from './put.js';
import { Reporter } from './reporter.js';

/** Maximum number of retries of a part whose URL is refused (403). */
const MOST_REFUSALS = 4;
/** Maximum number of attempts to send a part if the checksums differ. */
const MOST_MISMATCHES = 3;
/** Maximum number of attempts to send a part if the storage responds with another temporary error. */
const MOST_FAILURES = 6;
/** Longest outage during which a part is retried, in milliseconds. */
const LONGEST_OUTAGE = 24 * 3600_000;
/** Number of bytes after which a connection is considered to be working again. */
const PROOF = 2 << 20;

/**
 * A sender of the parts of one file, several at a time. It skips parts that are already stored.
 *
 * The item keeps `progress` from one attempt to the next:
 * `{ uploadID, plan, stored, unlisted, kept, infos, isAdopted }`.
 * - `stored` maps numbers to `{ number, etag, checksum, isReported }`; `checksum` is null until the local bytes have
 *   been compared.
 * - `unlisted` is the number of stored parts that were never reported.
 * - `kept` are the parts in the journal, with their checksums.
 * - `infos` are the part infos in the response to initialize.
 * - `isAdopted` is whether the upload was resumed.
 */
export class PartUploader {
  #item;
  #context;
  #progress;
  #signal;
  #options;
  #urls;
  #reporter;

  /**
   * @param {object} context `client`, `hasher`, `permits`, `journal`, `parallel`, `extensions`
   * @param {object} options options of {@link Client#request}, with a signal
   */
  constructor(item, context, options) {
    this.#item = item;
    this.#context = context;
    this.#progress = item.progress;
    this.#signal = options.signal;
    this.#options = options;
    const { uploadID, plan, infos } = item.progress;
    const isBatched = context.extensions.has('part_infos');
    this.#urls = new PartURLs(context.client, uploadID, { isBatched, parts: plan.parts, infos });
    this.#reporter = new Reporter(context.client, uploadID, options);
  }

  /**
   * Sends all parts that are not stored.
   *
   * @param {() => void} onClaimed called when the last part has been started, so that the next file may start
   */
  async run(onClaimed) {
    const { plan, stored } = this.#progress;
    let next = 1;
    let firstError = null;
    const loop = async () => {
      while (next <= plan.parts && !firstError) {
        const number = next;
        next += 1;
        if (next > plan.parts) onClaimed();
        try {
          if (typeof stored.get(number)?.checksum !== 'bigint') await this.#store(number);
        } catch (error) {
          firstError ??= error;
        }
      }
    };
    if (plan.parts === 0) onClaimed();
    // One more loop than permits, so that all connections are in use while a part is hashed.
    await Promise.all(Array.from({ length: Math.min(this.#context.parallel + 1, plan.parts) }, loop));
    await this.#reporter.finish();
    if (firstError) throw firstError;
  }

  /** The parts to report with complete. */
  get unreported() {
    return [...this.#progress.stored.values()].filter((part) => !part.isReported);
  }

  /** Reports parts now. */
  report(parts) {
    return this.#reporter.report(parts);
  }

  /** Reports all parts one by one. Sends a part again if the server or the storage no longer has it. */
  async repair() {
    const { stored } = this.#progress;
    for (const part of [...stored.values()]) {
      if (await this.#reporter.tryReport(part)) continue;
      stored.delete(part.number);
      this.#item.addSent(-this.#progress.plan.length(part.number), { isTransferred: false });
    }
    await this.run(() => {});
  }

  /** Returns the checksum of the whole file, combined from the checksums of its parts. */
  checksum() {
    const { plan, stored } = this.#progress;
    let whole = 0n;
    for (let number = 1; number <= plan.parts; number += 1) {
      whole = combine(whole, stored.get(number).checksum, plan.length(number));
    }
    return whole;
  }

  async #store(number) {
    const { plan, stored, kept } = this.#progress;
    const start = plan.start(number);
    const { file } = this.#item;
    // Small files are not sliced: there may be thousands, and slicing requires a call to another process.
    const blob = file.size <= SMALL ? file : file.slice(start, start + plan.length(number));
    const listed = stored.get(number);
    let checksum;
    if (listed || this.#progress.unlisted > 0) {
      checksum = await this.#context.hasher.hash(blob, this.#signal);
      const known = kept?.get(number);
      const isSame = listed && (checksum === parseChecksum(listed.etag)
        || (known?.etag === listed.etag && known.checksum === checksum));
      if (isSame || (!listed && (await this.#isStored(number, checksum)))) {
        stored.set(number, { number, etag: listed?.etag ?? hex(checksum), checksum, isReported: true });
        this.#item.addSent(blob.size, { isTransferred: false });
        return;
      }
    }
    await this.#send(number, blob, checksum);
  }

  /**
   * Returns whether a stored part that another client did not report has these bytes.
   *
   * Reports the part with its checksum as the ETag, which succeeds only in the disk store and for the same bytes.
   */
  async #isStored(number, checksum) {
    const isStored = await this.#reporter.tryReport({ number, etag: hex(checksum) });
    if (isStored) this.#progress.unlisted -= 1;
    return isStored;
  }

  async #send(number, blob, checksum) {
    const item = this.#item;
    const counts = { refusals: 0, mismatches: 0, failures: 0, outages: 0, outageBegan: 0 };
    let known = checksum;
    for (;;) {
      const attempt = { loaded: 0, checksum: known };
      try {
        const etag = await this.#attempt(number, blob, attempt);
        item.addSent(blob.size - attempt.loaded);
        if (item.state === 'offline') item.enter('sending');
        await this.#record({ number, etag, checksum: attempt.checksum, isReported: false });
        return;
      } catch (error) {
        item.addSent(-attempt.loaded);
        if (this.#signal.aborted) throw this.#signal.reason;
        known = attempt.checksum;
        this.#urls.invalidate(number);
        await this.#waitAfter(error, blob, counts);
      }
    }
  }

  /** Sends a part once and compares its checksum. Returns its ETag. */
  async #attempt(number, blob, attempt) {
    const { hasher, permits } = this.#context;
    const release = await permits.acquire(this.#item.id, this.#signal);
    try {
      const info = await this.#urls.get(number, this.#options);
      let body = blob;
      let hashing;
      if (blob.size <= SMALL) {
        body = await blob.arrayBuffer();
        attempt.checksum = new CRC64().update(new Uint8Array(body)).value;
      } else if (attempt.checksum === undefined) {
        hashing = hasher.hash(blob, this.#signal);
        hashing.catch(() => {});
      }
      const onProgress = (loaded) => {
        this.#item.addSent(loaded - attempt.loaded);
        attempt.loaded = loaded;
        // The first bytes prove nothing, because a proxy in front of a stopped server accepts them too.
        if (loaded > PROOF && this.#item.state === 'offline') this.#item.enter('sending');
      };
      const answer = await put(info, body, {
        signal: this.#signal,
        onProgress: blob.size > SMALL ? onProgress : undefined,
      });
      release();
      if (hashing) attempt.checksum = await hashing;
      const stored = parseChecksum(answer.checksum ?? '') ?? parseChecksum(answer.etag);
      if (stored !== null && stored !== attempt.checksum) throw new UploadProblem('checksumMismatch');
      return answer.etag;
    } finally {
      release();
    }
  }

  async #record(part) {
    const { stored, plan } = this.#progress;
    stored.set(part.number, part);
    if (plan.parts === 1) return;
    if (parseChecksum(part.etag) === null) {
      await this.#context.journal.addPart(this.#item.key, part.number, part.etag, part.checksum);
    }
    this.#reporter.add(part);
  }

  /** Waits before the next attempt; throws the error if another attempt cannot succeed. */
  async #waitAfter(error, blob, counts) {
    if (error instanceof UploadProblem && error.code === 'checksumMismatch') {
      counts.mismatches += 1;
      if (counts.mismatches >= MOST_MISMATCHES) throw error;
      return network.pause(backoff(counts.mismatches), this.#signal);
    }
    if (!(error instanceof ApiError)) throw error;
    // The browser reports a file that has changed as a network failure; reading the file distinguishes the two.
    if (error.isUnreachable) await blob.slice(0, 1).arrayBuffer();
    if (error.status === 403) {
      counts.refusals += 1;
      if (counts.refusals > MOST_REFUSALS) throw error;
      return counts.refusals === 1 ? undefined : network.pause(backoff(counts.refusals), this.#signal);
    }
    if (!error.retryable) throw error;
    if (error.isOutage) {
      counts.outages += 1;
      counts.outageBegan ||= Date.now();
      if (Date.now() - counts.outageBegan > LONGEST_OUTAGE) throw error;
      this.#item.enter('offline', explainOutage(error));
      return network.pause(Math.max(error.retryAfter ?? 0, backoff(counts.outages)), this.#signal);
    }
    counts.failures += 1;
    if (counts.failures >= MOST_FAILURES) throw error;
    return network.pause(Math.max(error.retryAfter ?? 0, backoff(counts.failures)), this.#signal);
  }
}
