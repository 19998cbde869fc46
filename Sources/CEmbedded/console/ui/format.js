// Functions that format numbers, sizes, times and durations for display.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const number = new Intl.NumberFormat('en');
const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const dateTimeSeconds = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** @param {number} value */
export function count(value) {
  return number.format(value);
}

/** Formats a number with its noun: `plural(2, ['file', 'files'])` is "2 files". */
export function plural(value, [one, many]) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** @param {number|null|undefined} bytes */
export function bytes(bytes) {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return '–';
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** @param {number} bytesPerSecond */
export function rate(bytesPerSecond) {
  return `${bytes(bytesPerSecond)}/s`;
}

/** @param {number|null} seconds Remaining time; `null` or infinite if unknown. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.round(hours / 24)} days`;
}

/** @param {string} text RFC 3339 */
export function time(text, { seconds = false } = {}) {
  const date = new Date(text ?? NaN);
  if (Number.isNaN(date.getTime())) return '–';
  return (seconds ? dateTimeSeconds : dateTime).format(date);
}

/** Formats a time relative to now, as in "3 hours ago". */
export function ago(text, now = Date.now()) {
  const date = new Date(text ?? NaN);
  if (Number.isNaN(date.getTime())) return '–';
  const seconds = (date.getTime() - now) / 1000;
  for (const [unit, length] of [['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3600],
    ['minute', 60]]) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(0, 'second');
}

/** Returns `part` as a percentage of `whole`, rounded down, so that 100 means complete; 0 if `whole` is 0. */
export function percent(part, whole) {
  if (!whole) return 0;
  return Math.min(part >= whole ? 100 : 99, Math.floor((part / whole) * 100));
}
