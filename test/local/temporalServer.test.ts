import { Client, Connection } from '@temporalio/client';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../../local/launcher/processes.ts';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { findTemporalCli, type TemporalCli } from '../../local/temporal/cli.ts';
import {
  startTemporal,
  type StartTemporalOptions,
  type TemporalServer,
} from '../../local/temporal/server.ts';

/** Without any CLI in the cache, the first run on a machine builds one. */
const FIRST_BUILD_MS = 16 * 60_000;

let cli: TemporalCli;
let folder: string;
let options: StartTemporalOptions;

beforeAll(async () => {
  cli = await findTemporalCli({ log: () => undefined });
}, FIRST_BUILD_MS);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-temporal-'));
  const pick = createPortPicker();
  options = {
    cliPath: cli.path,
    dbFile: join(folder, 'data', 'temporal.db'),
    port: (await pick(21_233)).port,
    uiPort: (await pick(22_233)).port,
    namespace: 'law',
    searchAttributes: { Collection: 'Keyword', Stored: 'Int' },
    dynamicConfig: { 'frontend.WorkflowPauseEnabled': true },
    logFile: join(folder, 'temporal.log'),
  };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function withServer(use: (server: TemporalServer, client: Client) => Promise<void>): Promise<void> {
  const server = await startTemporal(options);
  try {
    const connection = await Connection.connect({ address: server.address });
    try {
      await use(server, new Client({ connection, namespace: options.namespace }));
    } finally {
      await connection.close();
    }
  } finally {
    await server.stop(5_000);
  }
  expect(await isRunning(server)).toBe(false);
}

describe('startTemporal', () => {
  it('returns when the namespace, the search attributes and the Web UI are ready', async () => {
    await withServer(async (server, client) => {
      const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
        namespace: 'law',
      });
      expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(['Collection', 'Stored']));
      expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
    });
  });

  it('keeps its workflows from one start to the next', async () => {
    await withServer(async (_server, client) => {
      await client.workflow.start('collectMassive', {
        workflowId: 'massive:codes',
        taskQueue: 'nobody',
        args: [],
      });
    });
    await withServer(async (_server, client) => {
      expect((await client.workflow.getHandle('massive:codes').describe()).status.name).toBe('RUNNING');
    });
  });

  it('quotes the log if the server cannot start', async () => {
    await expect(
      startTemporal({ ...options, dbFile: undefined, searchAttributes: { Collection: 'Number' as 'Int' } }),
    ).rejects.toThrow(/temporal did not become ready: it ended \(exit code 1\).*Number/s);
  });
});
