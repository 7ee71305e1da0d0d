/**
 * A time for people, in the zone of their machine: `2026-11-27 12:05:09`. JSON has ISO 8601
 * instead. Null stays null.
 *
 * @param zone an IANA name; default: the zone of TZ or of the system
 */
export function localTime<T extends string | null>(time: T, zone?: string): T | string {
  if (time === null) return time;
  // Sweden's format is that of ISO 8601, with a space.
  return new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    ...(zone !== undefined && { timeZone: zone }),
  }).format(new Date(time));
}
