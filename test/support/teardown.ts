import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Setup and teardown run in one process, but jest loads this module once for each of them: the
 * state is global.
 */
const holder = globalThis as {
  legisyncTeardown?: (() => Promise<void>)[];
  legisyncFolder?: Promise<string>;
  legisyncExitsOnSignals?: true;
};

export function onTeardown(step: () => Promise<void>): void {
  holder.legisyncTeardown = [...(holder.legisyncTeardown ?? []), step];
}

/** Undoes each set-up once, the last one first. */
export async function tearDown(): Promise<void> {
  const steps = holder.legisyncTeardown ?? [];
  // `jest --watch` sets up again in the same process.
  delete holder.legisyncTeardown;
  delete holder.legisyncFolder;
  for (const step of steps.toReversed()) await step();
}

/** The temporary folder of this run. */
export function runFolder(): Promise<string> {
  holder.legisyncFolder ??= mkdtemp(join(tmpdir(), 'legisync-test-')).then((folder) => {
    // The first step, so the last one to be undone.
    holder.legisyncTeardown = [
      () => rm(folder, { recursive: true, force: true }),
      ...(holder.legisyncTeardown ?? []),
    ];
    return folder;
  });
  return holder.legisyncFolder;
}

/**
 * Sets up what several tiers share: the first tier that needs it starts it and leaves its address
 * in the environment, where the test files find it. A jest that is started by a test uses the
 * servers of its parent.
 */
export async function setUpOnce(variable: string, setUp: () => Promise<string>): Promise<void> {
  if (process.env[variable] !== undefined) return;
  try {
    process.env[variable] = await setUp();
    onTeardown(() => Promise.resolve(void Reflect.deleteProperty(process.env, variable)));
  } catch (error) {
    // Jest runs no teardown after a setup that fails.
    await tearDown();
    throw error;
  }
}

/**
 * An interrupted run has no teardown. The servers have sessions of their own, so they are killed as
 * it exits.
 */
export function killAtExit(kill: () => unknown): void {
  exitOnSignals();
  process.once('exit', kill);
}

function exitOnSignals(): void {
  if (holder.legisyncExitsOnSignals === true) return;
  holder.legisyncExitsOnSignals = true;
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGINT', () => process.exit(130));
}
