import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTimeOf } from '../../../local/launcher/processes.ts';
import { startWorker } from '../../support/workers.ts';

/** Not a test of this repository: `interrupt.test.ts` runs it, and interrupts it. */
it('starts a process, writes down both, and waits', async () => {
  const { child, ready, ended } = startWorker({}, 'test/repository/interrupted/idle.ts');
  await ready;
  const ids = [process.pid, child.pid ?? 0];
  const running = await Promise.all(ids.map(async (pid) => ({ pid, startTime: await startTimeOf(pid) })));
  const file = join(process.env['INTERRUPTED_FOLDER'] ?? '', `${process.pid}`);
  // A rename shows the file when it is whole.
  await writeFile(`${file}.part`, JSON.stringify(running));
  await rename(`${file}.part`, `${file}.json`);
  await ended;
}, 600_000);
