import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';

const MODULE = pathToFileURL(join(__dirname, '../../tools/sql/throwAway.ts')).href;

/** Prints the URL of its database, and never ends by itself. */
const PROGRAM = `
  import { withThrowAwayServer, Interrupted } from '${MODULE}';
  try {
    await withThrowAwayServer(async (newDatabase) => {
      process.stdout.write(await newDatabase('held'));
      await new Promise(() => undefined);
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = 130;
  }`;

describe('The server of sql:migration', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'legisync-sql-test-'));
    // As root, PostgreSQL runs as another user, who reads the password in it.
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is gone, with its data, after %s, even if that is sent twice',
    async (signal) => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exit = once(child, 'exit');
      const [said] = (await Promise.race([once(child.stdout, 'data'), exit])) as [unknown];
      const url = String(said);
      expect(url).toMatch(/^postgresql:/);
      child.kill(signal);
      child.kill(signal);
      expect(await exit).toEqual([130, null]);
      expect(await readdir(folder)).toEqual([]);
      const client = new Client({ connectionString: url });
      await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    },
  );
});
