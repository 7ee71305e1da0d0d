/** Milliseconds in a day; the API has midnight UTC for every date, so days never vary in length. */
export const DAY_MS = 86_400_000;

/** Légifrance writes "no end" and "unknown" as 2999-01-01. */
export const NO_END_MS = 32_472_144_000_000;
export const NO_END_DAY = '2999-01-01';

/** A day counted from 1970-01-01. */
export function dayNumber(isoDay: string): number {
  return Math.floor(Date.parse(`${isoDay.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

/** `YYYY-MM-DD` for epoch milliseconds, as tables of contents write dates. */
export function isoDayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** `DD/MM/YYYY`, as titles of decisions write dates. */
export function frenchDay(epochMs: number): string {
  const [year, month, day] = isoDayOf(epochMs).split('-');
  return [day, month, year].join('/');
}

/** `YYYY-MM-DDT00:00:00.000+0000`, as search answers write dates. */
export function searchDate(isoDay: string): string {
  return `${isoDay}T00:00:00.000+0000`;
}
