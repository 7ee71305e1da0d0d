/**
 * Milliseconds in a day. The API uses midnight UTC for every date, so all days have the same
 * length.
 */
export const DAY_MS = 86_400_000;

/** Légifrance writes "no end" and "unknown" as 2999-01-01. */
export const NO_END_MS = 32_472_144_000_000;
export const NO_END_DAY = '2999-01-01';

/** The number of days since 1970-01-01. */
export function dayNumber(isoDay: string): number {
  return Math.floor(Date.parse(`${isoDay.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

/** `YYYY-MM-DD` for epoch milliseconds, as in tables of contents. */
export function isoDayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** `DD/MM/YYYY`, as in titles of decisions. */
export function frenchDay(epochMs: number): string {
  const [year, month, day] = isoDayOf(epochMs).split('-');
  return [day, month, year].join('/');
}

/** `YYYY-MM-DDT00:00:00.000+0000`, as in search answers. */
export function searchDate(isoDay: string): string {
  return `${isoDay}T00:00:00.000+0000`;
}
