const NAME = /^[a-z0-9_]+$/;

/**
 * Checks the name of a migration, the part of its file's name after the timestamp.
 *
 * @throws Error with the value, the rule and an example
 */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new Error(
    `"${name}" is not a name for a migration: it must be lower-case letters, digits and underscores. ` +
      'Example: npm run sql:migration claim_order',
  );
}

/**
 * The path of a new migration, relative to the folder `supabase`. Its timestamp, in UTC, is now. If
 * the newest migration has a later timestamp, it is one second after that one, because migrations
 * are applied in the order of their timestamps.
 *
 * @param paths paths of all migrations
 */
export function migrationPath(name: string, now: Date, paths: readonly string[]): string {
  const newest = paths.map((path) => fromTimestamp(path)).sort((a, b) => b - a)[0] ?? 0;
  const time = Math.max(now.getTime(), newest + 1_000);
  return `migrations/${toTimestamp(new Date(time))}_${name}.sql`;
}

function toTimestamp(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
}

function fromTimestamp(path: string): number {
  const [, year, month, day, hour, minute, second] =
    /\/(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_[^/]*$/.exec(path) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) {
    throw new Error(
      `The name of ${path} does not begin with a timestamp. Rename it to YYYYMMDDHHMMSS_name.sql.`,
    );
  }
  return time;
}
