import { pollUntil } from '../../local/launcher/poll.ts';
import type { FaultInput } from '../../local/legifrance/faults.ts';
import type { FaultKind, PlannedFault } from './faultPlan.ts';
import { command } from './legifrance.ts';
import { rest } from './repeat.ts';
import type { SoakStack } from './stack.ts';

/** A part that does not come back within this time is a failure of the run. */
const BACK_MS = 60_000;

/** More requests than a fault can meet. */
const ALL = 1_000_000;

/** A request that hangs outlives the fault by this time at most. */
const HANG_MS = 20_000;

/** Shorter than the heartbeat timeout of an upload, so that a killed worker's last upload comes first. */
const SLOW_MS = 4_000;

/** The gateway's control route is not affected by faults. */
const CONTROL_MS = 10_000;

const LEGIFRANCE: Partial<Record<FaultKind, FaultInput>> = {
  throttled: { kind: 'status', status: 429, retryAfterSeconds: 1, times: ALL },
  failing: { kind: 'status', status: 500, times: ALL },
  unavailable: { kind: 'status', status: 503, times: ALL },
  hanging: { kind: 'slow', delayMs: HANG_MS, times: ALL },
  cut: { kind: 'reset', times: ALL },
};

/** Bodies of the gateway's control route. */
const SUPABASE: Partial<Record<FaultKind, object>> = {
  unavailable: { kind: 'status', status: 503, match: '' },
  'bad gateway': { kind: 'html502', match: '' },
  'cut before': { kind: 'reset-before', match: '' },
  'cut after': { kind: 'reset-after', match: '' },
  slow: { kind: 'delay', delayMs: SLOW_MS, match: '' },
};

/** Carries out a fault, and returns when it is over. */
export async function inject(stack: SoakStack, fault: PlannedFault, signal: AbortSignal): Promise<void> {
  switch (fault.port) {
    case 'legifrance':
      await faultyLegifrance(stack, fault, signal);
      break;
    case 'supabase':
      await faultySupabase(stack, fault, signal);
      break;
    case 'postgres':
      if (fault.kind === 'immediate stop') await kill(stack, fault, 'SIGQUIT', signal);
      else await terminateSessions(stack, fault, signal);
      break;
    case 'temporal':
    case 'worker':
      await kill(stack, fault, fault.kind === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL', signal);
      break;
  }
}

/** Ends all faults of services, also one that could not be ended in its time. */
export async function clearFaults({ env, legifranceUrl }: SoakStack): Promise<void> {
  await command(legifranceUrl, { action: 'clearFaults' });
  await gatewayControl(env, { clear: true });
}

async function faultyLegifrance(
  { legifranceUrl }: SoakStack,
  { kind, seconds }: PlannedFault,
  signal: AbortSignal,
): Promise<void> {
  const fault = LEGIFRANCE[kind];
  if (fault === undefined) throw new Error(`Légifrance has no fault "${kind}"`);
  await command(legifranceUrl, { action: 'fault', fault });
  await rest(seconds * 1_000, signal);
  await command(legifranceUrl, { action: 'clearFaults' });
}

async function faultySupabase(
  { env }: SoakStack,
  { kind, seconds }: PlannedFault,
  signal: AbortSignal,
): Promise<void> {
  const fault = SUPABASE[kind];
  if (fault === undefined) throw new Error(`Supabase has no fault "${kind}"`);
  await gatewayControl(env, { fault });
  await rest(seconds * 1_000, signal);
  await gatewayControl(env, { clear: true });
}

async function gatewayControl(env: SoakStack['env'], body: object): Promise<void> {
  const response = await fetch(`${env['SUPABASE_URL'] ?? ''}/_control`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CONTROL_MS),
  });
  if (!response.ok) throw new Error(`the gateway refused ${JSON.stringify(body)}: ${await response.text()}`);
}

/** Once a second, ends some sessions of the application, whatever they do. */
async function terminateSessions(
  { sql }: SoakStack,
  { seconds }: PlannedFault,
  signal: AbortSignal,
): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await sql(`
      select pg_terminate_backend(pid) from pg_stat_activity
       where backend_type = 'client backend' and application_name <> 'soak' and random() < 0.4`);
    await rest(1_000, signal);
  }
}

/** Ends a process, and waits until the supervisor has restarted it. */
async function kill(
  stack: SoakStack,
  { port, seconds }: PlannedFault,
  how: NodeJS.Signals,
  signal: AbortSignal,
): Promise<void> {
  const processOf = async () => (await stack.parts()).find(({ name }) => name === port);
  const victim = await processOf();
  if (victim === undefined) throw new Error(`${port} does not run`);
  process.kill(victim.pid, how);
  await pollUntil(
    async () => {
      const now = await processOf();
      return now !== undefined && now.pid !== victim.pid;
    },
    { everyMs: 100, timeoutMs: BACK_MS, signal },
  );
  await rest(seconds * 1_000, signal);
}
