import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { choosePort } from '../../../local/postgres/port.ts';
import { startTemporal, type TemporalServer } from '../../../local/temporal/server.ts';
import { runFolder } from '../runFolder.ts';
import { SERVERS, serverSetting } from '../servers.ts';
import { killAtExit, onTeardown, setUpOnce } from '../teardown.ts';
import startSharedPostgres from './postgres.ts';
import findSharedCli from './temporalCli.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/**
 * Starts the run's Temporal server, and builds the workflow bundles, beside {@link
 * startSharedPostgres}.
 */
export default async function startSharedTemporal(): Promise<void> {
  // Workers and commands are processes that compile the same modules each time.
  await setUpOnce('NODE_COMPILE_CACHE', async () => join(await runFolder(), 'compile-cache'));
  await Promise.all([
    startSharedPostgres(),
    findSharedCli().then(() => setUpOnce(SERVERS.temporal, startSharedServer)),
    setUpOnce(SERVERS.stubBundle, bundleStubs),
  ]);
}

async function startSharedServer(): Promise<string> {
  const temporal = await startServer(join(await runFolder(), 'temporal.log'));
  onTeardown(async () => {
    await temporal.stop(5_000);
  });
  killAtExit(temporal.kill);
  return temporal.address;
}

/** Bundles the workflows of tests that are only about the command line. */
async function bundleStubs(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'test/commands/stubWorkflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const path = join(await runFolder(), 'stubs.js');
  await writeFile(path, code);
  return path;
}

/** By default, the server notices after minutes that no run needs a build any more. */
const DRAINED_SOON = {
  'matching.wv.VersionDrainageStatusRefreshInterval': '1s',
  'matching.wv.VersionDrainageStatusVisibilityGracePeriod': '1s',
};

/** A button of the Temporal CLI that servers do not have by default. */
const PAUSE_ENABLED = { 'frontend.WorkflowPauseEnabled': true };

/**
 * Nothing reserves a port between the choice and the server's own bind: another program may take
 * it.
 */
async function startServer(logFile: string, triesLeft = 4): Promise<TemporalServer> {
  try {
    return await startTemporal({
      cliPath: serverSetting('temporalCli'),
      port: await choosePort(),
      namespace: 'default',
      searchAttributes: { LegisyncCollection: 'Keyword', LegisyncState: 'Keyword' },
      dynamicConfig: { ...DRAINED_SOON, ...PAUSE_ENABLED },
      logFile,
    });
  } catch (error) {
    if (triesLeft === 0) throw error;
    return startServer(logFile, triesLeft - 1);
  }
}
