import { DAY_MS } from '../../contract/timing.ts';
import type { DateWindow } from '../types.ts';

/**
 * The API shows at most 100 pages of 100 hits of a search, whatever its total. Only a narrower
 * search can reach the documents beyond.
 */
export const REACH = 10_000;

/**
 * The last page number, for any page size. Whether smaller pages may go further is not documented.
 */
export const MAX_PAGE = 100;

/**
 * How many hits of a search pages of `size` (1 to 100) can show. Small pages reach {@link MAX_PAGE}
 * before {@link REACH}.
 */
export function reachOf(size: number): number {
  return Math.min(MAX_PAGE * size, REACH);
}

/**
 * A slice with more hits than this is cut in two. 5 % of the reach of pages of `size` are left for
 * documents that are added during the enumeration. 9,500 for the largest pages.
 */
export function sliceTarget(size: number): number {
  return Math.floor(reachOf(size) * 0.95);
}

/**
 * All possible dates of a text, as of `day` (`YYYY-MM-DD`). The oldest date in the API is in 1804.
 * The window ends a year after `day`, for texts with a future date, by mistake or because they are
 * not yet in force.
 */
export function wholeWindow(day: string): DateWindow {
  return { from: '1800-01-01', to: dayName(dayNumber(day) + 365) };
}

/**
 * Cuts a window into two adjacent halves, in order, that cover it exactly; the first may be a day
 * longer. Null for a single day, which cannot be cut.
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
