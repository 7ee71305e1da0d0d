import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json, legisync, withCommandFolder } from './harness.ts';

const STACK = {
  SUPABASE_URL: 'http://127.0.0.1:54321',
  SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_of_this_test',
  SUPABASE_DB_URL: "postgresql://postgres:p'w@127.0.0.1:54322/postgres",
  LEGISYNC_BUCKET: 'raw',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
};

/** A folder with a running local stack. `at` is its file, relative to the folder. */
async function withStack(at: string, use: (cwd: string) => Promise<void>): Promise<void> {
  await withCommandFolder(async (cwd) => {
    const file = join(cwd, at);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, JSON.stringify({ pid: process.pid, env: STACK }));
    await use(cwd);
  });
}

describe('legisync env', () => {
  it('prints the addresses and keys that apply, for eval, and names their target', async () => {
    await withStack('.local/stack.json', async (cwd) => {
      const { code, stdout, stderr } = await legisync({ cwd, env: {} }, 'env');
      expect(code).toBe(0);
      expect(stdout.trimEnd().split('\n')).toEqual([
        `export SUPABASE_URL='http://127.0.0.1:54321'`,
        `export SUPABASE_SERVICE_ROLE_KEY='sb_secret_of_this_test'`,
        String.raw`export SUPABASE_DB_URL='postgresql://postgres:p'\''w@127.0.0.1:54322/postgres'`,
        `export LEGISYNC_BUCKET='raw'`,
        `export TEMPORAL_ADDRESS='127.0.0.1:7233'`,
      ]);
      expect(stderr).toBe('Target: Supabase http://127.0.0.1:54321, bucket raw (the local stack)\n');
      expect(json(await legisync({ cwd, env: {} }, 'env', '--json'))).toEqual(STACK);
    });
  });

  it('prints the value of one, for psql', async () => {
    await withStack('.local/stack.json', async (cwd) => {
      const { stdout } = await legisync({ cwd, env: {} }, 'env', 'SUPABASE_DB_URL');
      expect(stdout).toBe(`${STACK.SUPABASE_DB_URL}\n`);
    });
  });

  it('finds a stack that keeps its data elsewhere by LEGISYNC_STACK, which is no unknown setting', async () => {
    await withStack('elsewhere/stack.json', async (cwd) => {
      const env = { LEGISYNC_STACK: 'elsewhere/stack.json' };
      const { stdout, stderr } = await legisync({ cwd, env }, 'env', 'SUPABASE_URL');
      expect(stdout).toBe(`${STACK.SUPABASE_URL}\n`);
      expect(stderr).not.toContain('Warning');
    });
  });

  it('refuses another name with the nearest one, and a value that is not set', async () => {
    await withCommandFolder(async (cwd) => {
      const typo = await legisync({ cwd, env: {} }, 'env', 'SUPABASE_DBURL');
      expect(typo.code).toBe(2);
      expect(typo.stderr).toContain('Did you mean SUPABASE_DB_URL?');
      const unset = await legisync({ cwd, env: {} }, 'env', 'SUPABASE_DB_URL');
      expect(unset.code).toBe(3);
      expect(unset.stderr).toContain('Error CONFIG_INVALID: SUPABASE_DB_URL is not set.');
    });
  });
});
