import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTemporalCli, WAYS } from '../../local/temporal/cli.ts';
import { cachedCliPath } from '../../local/temporal/cliCache.ts';
import { WayFailed, type Way } from '../../local/temporal/way.ts';

let folder: string;
let bin: string;
let lines: string[];
const log = (line: string): void => void lines.push(line);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-cli-'));
  bin = join(folder, 'bin');
  await mkdir(bin);
  lines = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/**
 * Only the fake programs are on its PATH, so that no Temporal or Go of this machine is used.
 */
function env(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: bin, HOME: folder, ...extra };
}

async function program(file: string, script: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

/** The help text of a real CLI, as far as it is needed. */
const HELP = 'echo "--ui-disable-news-fetch --search-attribute --dynamic-config-value --db-filename"';

/** A Go that "builds" such a CLI into the path after -o. */
const FAKE_GO = `
while [ "$1" != "-o" ]; do shift; done
echo "$PWD|$CGO_ENABLED|$GOFLAGS" > "$HOME/go-was-asked"
printf '#!/bin/sh\\n%s\\n' '${HELP}' > "$2"
/bin/chmod +x "$2"`;

/** The SDK's download needs the internet, which a test must not use. */
const noDownload: Way = {
  via: "the Temporal SDK's download",
  find: () => Promise.reject(new WayFailed('not in a test')),
};
const ways = WAYS.map((way) => (way.via === noDownload.via ? noDownload : way));

async function temporaryFolders(): Promise<string[]> {
  return (await readdir(dirname(cachedCliPath(env())))).filter((name) => name !== 'temporal');
}

describe('findTemporalCli', () => {
  it('uses TEMPORAL_CLI_PATH before anything else', async () => {
    const path = await program(join(folder, 'mine'), HELP);
    await program(join(bin, 'temporal'), HELP);
    const found = await findTemporalCli({ log, ways, env: env({ TEMPORAL_CLI_PATH: path }) });
    expect(found).toEqual({ path, via: 'TEMPORAL_CLI_PATH' });
  });

  it.each([
    ['is not there', undefined, 'there is no executable file'],
    ['does not run', 'exit 1', 'does not run: Command failed'],
    ['is too old', 'echo "--db-filename"', 'has no --ui-disable-news-fetch'],
  ])('uses no other one if the named CLI %s', async (_case, script, reason) => {
    const path = join(folder, 'mine');
    if (script !== undefined) await program(path, script);
    await program(join(bin, 'temporal'), HELP);
    const finding = findTemporalCli({ log, ways, env: env({ TEMPORAL_CLI_PATH: path }) });
    await expect(finding).rejects.toThrow(reason);
    await expect(finding).rejects.toThrow('TEMPORAL_CLI_PATH');
    await expect(finding).rejects.toThrow(path);
  });

  it('prefers PATH to the cache, and the cache to a build', async () => {
    const cached = await program(cachedCliPath(env()), HELP);
    await program(join(bin, 'go'), FAKE_GO);
    expect(await findTemporalCli({ log, ways, env: env() })).toEqual({
      path: cached,
      via: 'the cache of an earlier run',
    });
    const path = await program(join(bin, 'temporal'), HELP);
    expect(await findTemporalCli({ log, ways, env: env() })).toEqual({ path, via: 'PATH' });
  });

  it('ignores a CLI on PATH that lacks the needed flags', async () => {
    await program(join(bin, 'temporal'), 'exit 1');
    const cached = await program(cachedCliPath(env()), HELP);
    expect((await findTemporalCli({ log, ways, env: env() })).path).toBe(cached);
  });

  it('builds with Go into the cache, once', async () => {
    await program(join(bin, 'go'), FAKE_GO);
    const path = cachedCliPath(env());

    expect(await findTemporalCli({ log, ways, env: env() })).toEqual({ path, via: 'a build with Go' });
    expect(await readFile(join(folder, 'go-was-asked'), 'utf8')).toMatch(
      /\/tools\/temporal\|0\|-mod=readonly\n$/,
    );
    expect(lines.at(-1)).toMatch(/^temporal: built the CLI in \d+ s$/);
    expect(await temporaryFolders()).toEqual([]);

    expect((await findTemporalCli({ log, ways, env: env() })).via).toBe('the cache of an earlier run');
  });

  it('finds Go by GOROOT', async () => {
    await program(join(folder, 'goroot', 'bin', 'go'), FAKE_GO);
    const found = await findTemporalCli({ log, ways, env: env({ GOROOT: join(folder, 'goroot') }) });
    expect(found.via).toBe('a build with Go');
  });

  it('keeps the cache consistent if several processes build at the same time', async () => {
    await program(join(bin, 'go'), FAKE_GO);
    const found = await Promise.all([1, 2, 3].map(() => findTemporalCli({ log, ways, env: env() })));
    expect(new Set(found.map(({ path }) => path))).toEqual(new Set([cachedCliPath(env())]));
    expect(await temporaryFolders()).toEqual([]);
    expect((await findTemporalCli({ log, ways, env: env() })).via).toBe('the cache of an earlier run');
  });

  it('removes the folders of killed builds, but not those that may be in use', async () => {
    await program(join(bin, 'go'), FAKE_GO);
    const cache = dirname(cachedCliPath(env()));
    await mkdir(join(cache, 'work-old'), { recursive: true });
    await mkdir(join(cache, 'work-young'));
    const yesterday = Date.now() / 1_000 - 86_400;
    await utimes(join(cache, 'work-old'), yesterday, yesterday);
    await findTemporalCli({ log, ways, env: env() });
    expect(await temporaryFolders()).toEqual(['work-young']);
  });

  it('stops an aborted build and removes its files', async () => {
    // "exec" replaces the shell by the waiting program.
    await program(join(bin, 'go'), 'exec /bin/sleep 60');
    const stop = new AbortController();
    const finding = findTemporalCli({
      ways,
      env: env(),
      signal: stop.signal,
      log: (line) => {
        if (line.includes('building')) queueMicrotask(() => stop.abort(new Error('stopping')));
      },
    });
    await expect(finding).rejects.toThrow('stopping');
    expect(await temporaryFolders()).toEqual([]);
  });

  it('explains why each way failed, and what to do, if none works', async () => {
    await program(join(bin, 'go'), 'echo "cannot find module" >&2; exit 1');
    const error = await findTemporalCli({ log, ways, env: env() }).then(
      () => new Error('it was found'),
      (thrown: unknown) => thrown as Error,
    );
    for (const part of [
      'TEMPORAL_CLI_PATH: not set',
      'PATH: there is no program named temporal',
      `the cache of an earlier run: nothing at ${cachedCliPath(env())}`,
      "the Temporal SDK's download: not in a test",
      `a build with Go: ${join(bin, 'go')} build failed: cannot find module`,
      'TEMPORAL_CLI_PATH=/path/to/temporal npm start',
    ]) {
      expect(error.message).toContain(part);
    }
  });

  it('keeps the cache in the folder of the XDG rules', () => {
    expect(cachedCliPath({ HOME: '/home/a' })).toMatch(
      /^\/home\/a\/\.cache\/legisync\/temporal\/[\d.]+\/temporal$/,
    );
    expect(cachedCliPath({ HOME: '/home/a', XDG_CACHE_HOME: '/c' })).toMatch(/^\/c\/legisync\//);
    expect(cachedCliPath({ HOME: '/home/a', XDG_CACHE_HOME: 'relative' })).toMatch(/^\/home\/a\/\.cache\//);
  });
});
