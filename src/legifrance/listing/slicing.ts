import type { DateWindow } from '../types.ts';

/**
 * The API shows at most 100 pages of 100 hits of a search, whatever its total: beyond that there is no way to a document
 * but a narrower search.
 */
export const REACH = 10_000;

/** Pages are numbered up to this, whatever their size: whether smaller pages may go further is not documented. */
export const MAX_PAGE = 100;

/** Hits of a search that pages of `size` (1 to 100) can show: small pages end at their number, not at {@link REACH}. */
export function reachOf(size: number): number {
  return Math.min(MAX_PAGE * size, REACH);
}

/**
 * A slice that holds more hits than this is cut in two: 5 % of what pages of `size` reach are left for documents that
 * arrive while it is read. 9,500 for the largest pages.
 */
export function sliceTarget(size: number): number {
  return Math.floor(reachOf(size) * 0.95);
}

const DAY_MS = 86_400_000;

/**
 * All days that a text may bear, seen from `day` (`YYYY-MM-DD`). The oldest that the API dates are of 1804; a year is left
 * for those that are dated ahead, by mistake or because they are to come.
 */
export function wholeWindow(day: string): DateWindow {
  return { from: '1800-01-01', to: dayName(dayNumber(day) + 365) };
}

/**
 * Cuts a window into two halves that are adjacent, in order, and cover it exactly (the first may be a day longer).
 * Null for a single day, which cannot be cut.
 */
export function bisect(window: DateWindow): readonly [DateWindow, DateWindow] | null {
  const first = dayNumber(window.from);
  const last = dayNumber(window.to);
  if (first >= last) return null;
  const middle = Math.floor((first + last) / 2);
  return [
    { from: window.from, to: dayName(middle) },
    { from: dayName(middle + 1), to: window.to },
  ];
}

function dayNumber(day: string): number {
  return Math.round(Date.parse(`${day}T00:00:00Z`) / DAY_MS);
}

function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
