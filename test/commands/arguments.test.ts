import { freePort } from './grpcServers.ts';
import { legisync, withCommandFolder } from './harness.ts';

const LONG = 'x'.repeat(201);
const SUPABASE = { SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' };

describe('without a Temporal server', () => {
  it.each<[string, string]>([
    ['massive start nothing', 'UNKNOWN_COLLECTION'],
    ['massive start ../x', 'UNKNOWN_COLLECTION'],
    ['massive status ../x', 'UNKNOWN_COLLECTION'],
    ['massive pause ../x', 'UNKNOWN_COLLECTION'],
    [`massive pause --reason ${LONG}`, 'USAGE'],
    ['massive resume ../x', 'UNKNOWN_COLLECTION'],
    ['massive stop ../x', 'UNKNOWN_COLLECTION'],
    ['massive lanes 0', 'USAGE'],
    ['massive lanes 17 codes', 'USAGE'],
    ['massive lanes 4 ../x', 'UNKNOWN_COLLECTION'],
    ['maintenance run nothing', 'UNKNOWN_COLLECTION'],
    ['maintenance run urbanisme --limit 0', 'USAGE'],
    ['maintenance run urbanisme --limit 101', 'USAGE'],
    ['maintenance run urbanisme --sources nothing', 'UNKNOWN_SOURCE'],
    ['backfill --chunk 999', 'USAGE'],
    ['backfill --chunk many', 'USAGE'],
    ['backfill --prefix /legifrance', 'USAGE'],
    ['backfill --status done', 'USAGE'],
    ['backfill --status processed --before 2026-02-30', 'USAGE'],
    ['backfill --before 2026-11-01', 'USAGE'],
    ['backfill --resume --restart', 'USAGE'],
    ['backfill', 'CONFIRMATION_NEEDED'],
    [`backfill pause --reason ${LONG}`, 'USAGE'],
    ['missing --limit 0', 'USAGE'],
    ['dangling --limit 1001', 'USAGE'],
    ['stale --limit x', 'USAGE'],
  ])(
    '`legisync %s` ends with 2: wrong arguments are found before anything is connected',
    async (line, code) => {
      const env = { ...SUPABASE, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
      await withCommandFolder(async (cwd) => {
        const ended = await legisync({ cwd, env }, ...line.split(' '));
        expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(`Error ${code}: `)]);
      });
    },
  );

  it.each([['massive start codes'], ['backfill --yes'], ['maintenance run urbanisme']])(
    '`legisync %s`, which is right, ends with 4',
    async (line) => {
      const env = { ...SUPABASE, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
      await withCommandFolder(async (cwd) => {
        expect((await legisync({ cwd, env }, ...line.split(' '))).code).toBe(4);
      });
    },
  );
});
