/**
 * Setup and teardown run in one process, but jest loads this module once for each of them: the
 * state is global.
 */
const holder = globalThis as {
  legisyncTeardown?: (() => Promise<void>)[];
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
  for (const step of steps.toReversed()) await step();
}

/** Adds a step that is undone after all others, whenever it is added. */
export function onLastTeardown(step: () => Promise<void>): void {
  holder.legisyncTeardown = [step, ...(holder.legisyncTeardown ?? [])];
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
 * it exits. The last one added is the first one called.
 */
export function killAtExit(kill: () => unknown): void {
  exitOnSignals();
  process.prependOnceListener('exit', kill);
}

function exitOnSignals(): void {
  if (holder.legisyncExitsOnSignals === true) return;
  holder.legisyncExitsOnSignals = true;
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGINT', () => process.exit(130));
}
