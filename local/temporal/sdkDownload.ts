/**
 * A separate program: `node sdkDownload.ts <folder> <version>`. Lets the Temporal SDK download the
 * CLI to `<folder>/temporal-<version>`. Writes the reason of a failure to standard error.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir, version] = process.argv.slice(2);
if (downloadDir === undefined || version === undefined) {
  throw new Error('expected two arguments: node sdkDownload.ts <folder> <version>');
}
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version } },
  });
  await environment.teardown();
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
