/** What the global setup leaves for the tests, by environment variable. */
export const CHAOS = {
  /** Decides when what is killed; any text. Drawn where it is not set. */
  seed: 'CHAOS_SEED',
  /** Of this run; each process that is started is written down in it. */
  folder: 'LEGISYNCTEST_CHAOS_FOLDER',
} as const;

export function chaosSetting(name: keyof typeof CHAOS): string {
  const value = process.env[CHAOS[name]];
  if (value === undefined)
    throw new Error(`${CHAOS[name]} is not set: run the tests with \`npm run test:chaos\`.`);
  return value;
}
