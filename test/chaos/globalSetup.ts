import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopLeftover } from '../../local/launcher/processes.ts';
import type { PartRecord } from '../../local/launcher/state.ts';
import { buildWorkflows } from '../../tools/build/workflows.ts';
import { onTeardown } from '../support/teardown.ts';
import { CHAOS } from './settings.ts';

/** A seed that a person can type. */
const SEEDS = 1_000_000;

/** A server gets so long for a clean end before it is killed. */
const GRACE_MS = 5_000;

/** Draws the seed, and ends what the tests have started when somebody interrupts them: jest tells the tests nothing. */
export default async function globalSetup(): Promise<void> {
  const seed = process.env[CHAOS.seed] ?? String(randomInt(SEEDS));
  process.env[CHAOS.seed] = seed;
  process.stderr.write(`\n${CHAOS.seed}=${seed} npm run test:chaos repeats this run's moments\n`);
  await buildWorkflows();
  const folder = await mkdtemp(join(tmpdir(), 'legisync-chaos-'));
  // As root, PostgreSQL runs as a user of its own, and its data lie in there.
  await chmod(folder, 0o755);
  process.env[CHAOS.folder] = folder;
  onTeardown(() => rm(folder, { recursive: true, force: true }));
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void stopAll(folder).finally(() => process.exit(code)));
  }
}

async function stopAll(folder: string): Promise<void> {
  const records = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  await Promise.all(
    records.map(async (name) => {
      const part = JSON.parse(await readFile(join(folder, name), 'utf8')) as PartRecord;
      await stopLeftover(part, { stopSignal: part.stopSignal, graceMs: GRACE_MS });
    }),
  );
  await rm(folder, { recursive: true, force: true });
}
