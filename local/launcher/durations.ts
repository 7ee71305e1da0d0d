/** A short time as text, to a tenth of a second: `0.5 s`, `30 s`. */
export function seconds(ms: number): string {
  return `${String(Math.round(ms / 100) / 10)} s`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A longer time as text, in its two largest units: `42 s`, `3 min 05 s`, `2 h 07 min`, `5 d 3 h`.
 */
export function longDuration(totalSeconds: number): string {
  const whole = Math.max(0, Math.round(totalSeconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${twoDigits(whole % MINUTE)} s`;
  if (whole < DAY)
    return `${Math.floor(whole / HOUR)} h ${twoDigits(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
