import { findTemporalCli } from '../../../local/temporal/cli.ts';
import { SERVERS } from '../servers.ts';
import { setUpOnce } from '../teardown.ts';

/** Finds the Temporal CLI. On a machine without one, it is downloaded or built. */
export default function findSharedCli(): Promise<void> {
  return setUpOnce(SERVERS.temporalCli, async () => {
    const { path } = await findTemporalCli({ log: (line) => process.stderr.write(`${line}\n`) });
    return path;
  });
}
