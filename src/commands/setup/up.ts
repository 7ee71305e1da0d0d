import { applySchedules } from '../../schedules/plan.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { describeChange } from './schedules.ts';
import { useBuild } from './build.ts';
import { registerSearchAttributes } from './searchAttributes.ts';
import { openSupabase } from '../../cli/supabase.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { retryNow } from '../../cli/inspect/retryNow.ts';
import { describeStart, startAll } from '../massive/start.ts';
import { exitCodeOf } from '../../cli/starting/firstFailure.ts';

/**
 * `legisync up`: creates what the configuration declares on the Temporal server, and the bucket if
 * Supabase is configured. Repeating it is harmless.
 */
export async function up(session: Session): Promise<Outcome> {
  const { config, temporal } = session;
  const bucketMade = (await (await openSupabase(config))?.storage.ensureBucket()) ?? false;
  const searchAttributes = await registerSearchAttributes(session);
  const schedules = await withDeadline(session, () => applySchedules(temporal.client, config));
  if (bucketMade) await retryUploads(session);
  const build = await useBuild(session);
  const collections = await startAll(session, config.massive.collections);
  return {
    data: {
      temporal: { address: temporal.address, namespace: temporal.namespace },
      bucketMade,
      searchAttributes,
      schedules: schedules.map(({ action, id }) => ({ action, id })),
      build,
      collections,
    },
    lines: [
      `Temporal: ${temporal.address}, namespace ${temporal.namespace}`,
      ...(bucketMade ? [`+ bucket ${config.bucket}`] : []),
      ...searchAttributes.map((name) => `+ search attribute ${name}`),
      ...schedules.flatMap(describeChange),
      ...(build === null ? [] : [`Current build: ${build}`]),
      ...collections.flatMap(describeStart),
    ],
    exitCode: exitCodeOf(collections.map(({ problem }) => problem)),
  };
}

/** Collections that already run wait up to five minutes after the refusal of a missing bucket. */
async function retryUploads(session: Session): Promise<void> {
  for (const name of session.config.massive.collections) await retryNow(session, massiveWorkflowId(name));
}
