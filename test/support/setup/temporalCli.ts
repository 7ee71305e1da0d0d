import { findTemporalCli } from '../../../local/temporal/cli.ts';
import { buildWorkflows } from '../../../tools/build/workflows.ts';
import { SERVERS } from '../servers.ts';
import { setUpOnce } from '../teardown.ts';

/** Builds the workflow bundle, and finds the Temporal CLI. On a machine without one, it is downloaded or built. */
export default async function findSharedCli(): Promise<void> {
  await buildWorkflows();
  return setUpOnce(SERVERS.temporalCli, async () => {
    const { path } = await findTemporalCli({ log: (line) => process.stderr.write(`${line}\n`) });
    return path;
  });
}
