import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { provideBinaries } from '../../local/postgres/binaries.ts';
import {
  bootstrapSupabase,
  createDatabaseFromTemplate,
  ensureTemplate,
} from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import type { PostgresOptions, RunningPostgres } from '../../local/postgres/server.ts';
import { openFolder } from './postgresFolder.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
const started: RunningPostgres[] = [];

async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
  const server = await startPostgres({ dataDir, flags: { fsync: 'off' }, ...options });
  started.push(server);
  return server;
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeEach(async () => {
  folder = await openFolder();
  dataDir = join(folder, 'postgres');
});

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  await removeDataDir(dataDir);
  await rm(folder, { recursive: true, force: true });
});

describe('startPostgres', () => {
  it('creates a UTF-8 cluster with an ICU locale that listens on the loopback address only', async () => {
    const { url, note } = await start();
    const rows = await query(
      url,
      `select current_user, pg_encoding_to_char(encoding) as encoding, datlocprovider::text as provider,
              current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as socket
         from pg_database where datname = current_database()`,
    );
    expect(rows).toEqual([
      { current_user: 'supabase_admin', encoding: 'UTF8', provider: 'i', listen: '127.0.0.1', socket: '' },
    ]);
    expect(note).toBeUndefined();
  });

  it('refuses a login without the password', async () => {
    const { url } = await start();
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('keeps its data across a stop, and across kill -9', async () => {
    const first = await start();
    await query(first.url, 'create table kept (n int)');
    await first.stop();
    const second = await start();
    await query(second.url, 'insert into kept values (1)');
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    const third = await start();
    expect(await query(third.url, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  it('starts even if the pid in a stale postmaster.pid belongs to another program', async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('replaces a server whose starter was killed', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../../local/postgres/server.ts')).href;
    const script = `
      const { startPostgres } = await import(${JSON.stringify(module)});
      const { pid } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, flags: { fsync: 'off' } });
      process.stdout.write(String(pid));
      await new Promise((resolve) => process.stdin.on('end', resolve).resume());`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [output] = (await once(starter.stdout, 'data')) as [Buffer];
    const orphan = Number(output.toString());
    starter.kill('SIGKILL');
    await once(starter, 'exit');

    const { pid, url } = await start();
    expect(pid).not.toBe(orphan);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder that another session uses, and names the session', async () => {
    const { pid } = await start();
    await expect(start()).rejects.toThrow(`(pid ${pid}), started by process ${process.pid}`);
    await expect(removeDataDir(dataDir)).rejects.toThrow(`kill -INT ${pid}`);
  });

  it('uses another port if the preferred one is busy', async () => {
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const taken = typeof address === 'object' ? (address?.port ?? 0) : 0;
    try {
      const { port, url } = await start({ port: taken });
      expect(port).not.toBe(taken);
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      holder.close();
    }
  });

  it('reports the reason if the server does not start', async () => {
    await expect(start({ flags: { shared_buffers: 'nonsense' } })).rejects.toThrow(
      /shared_buffers.*nonsense/,
    );
  });
});

const asRoot = isRoot ? describe : describe.skip;
asRoot('as root, in a checkout that the user postgres cannot enter', () => {
  let closed: string;

  beforeEach(async () => {
    closed = await mkdtemp(join(tmpdir(), 'legisync-closed-'));
    dataDir = join(closed, 'postgres');
  });
  afterEach(() => rm(closed, { recursive: true, force: true }));

  it('keeps the data in another folder, links to it and returns a note', async () => {
    const { url, note } = await start();
    expect((await lstat(dataDir)).isSymbolicLink()).toBe(true);
    expect(note).toContain('/var/lib/legisync/');
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('starts with an empty database if the link was deleted', async () => {
    const first = await start();
    await query(first.url, 'create table old (n int)');
    await first.stop();
    await rm(dataDir);
    const second = await start();
    expect(await query(second.url, `select to_regclass('old') as old`)).toEqual([{ old: null }]);
  });
});

describe('provideBinaries', () => {
  it('copies them once and completely, even for two concurrent starts', async () => {
    const [one, two] = await Promise.all([provideBinaries(folder), provideBinaries(folder)]);
    expect(one).toEqual(two);
    const { stdout } = await run(one.postgres, ['--version']);
    expect(stdout).toContain('17.');
    expect((await lstat(join(one.postgres, '../../lib/libicuuc.so.60'))).isSymbolicLink()).toBe(true);
  });
});

describe('bootstrapSupabase', () => {
  it('can be repeated; anon gets rights on new functions by name, but no role on new tables', async () => {
    const { url } = await start();
    await bootstrapSupabase(url);
    await bootstrapSupabase(url);
    await query(
      url,
      `set role postgres;
       create function public.probe() returns int language sql as 'select 1';
       revoke execute on function public.probe() from public;
       create table public.probe_table (n int);`,
    );
    const rows = await query(
      url,
      `select rolname, rolsuper, rolbypassrls, has_function_privilege(rolname, 'public.probe()', 'execute') as call,
              has_table_privilege(rolname, 'public.probe_table', 'select') as read
         from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'postgres') order by rolname`,
    );
    expect(rows).toEqual([
      { rolname: 'anon', rolsuper: false, rolbypassrls: false, call: true, read: false },
      { rolname: 'authenticated', rolsuper: false, rolbypassrls: false, call: true, read: false },
      { rolname: 'postgres', rolsuper: false, rolbypassrls: true, call: true, read: true },
      { rolname: 'service_role', rolsuper: false, rolbypassrls: true, call: true, read: false },
    ]);
  });

  it('refuses to delete from storage.objects by SQL', async () => {
    const { url } = await start();
    await bootstrapSupabase(url);
    await expect(query(url, 'delete from storage.objects')).rejects.toMatchObject({ code: '42501' });
  });

  it('creates one template for concurrent callers, and clones databases from it', async () => {
    const { url } = await start();
    let prepared = 0;
    const prepare = async (target: string): Promise<void> => {
      prepared += 1;
      await bootstrapSupabase(target);
    };
    await Promise.all([ensureTemplate(url, 'tpl', prepare), ensureTemplate(url, 'tpl', prepare)]);
    expect(prepared).toBe(1);
    const clone = await createDatabaseFromTemplate(url, 'clone', 'tpl');
    const rows = await query(clone, `select to_regclass('storage.objects') is not null as made`);
    expect(rows).toEqual([{ made: true }]);
  });
});
