import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { asError } from '../../local/launcher/errors.ts';
import type { Shutdown } from '../../local/launcher/shutdown.ts';
import { installAudit } from './audit.ts';
import { Documents } from './changes.ts';
import { planFaults } from './faultPlan.ts';
import { clearFaults, inject } from './faults.ts';
import { readHistories } from './histories.ts';
import { readLedger } from './ledger.ts';
import { statsOf } from './legifrance.ts';
import { observe, runLoad, runWorkers, type Load } from './load.ts';
import { Backfills } from './operators.ts';
import type { SoakOptions } from './options.ts';
import { findOutdated } from './outdated.ts';
import { rest, Tally } from './repeat.ts';
import type { SoakReport } from './report.ts';
import { Samples } from './samples.ts';
import { CODE, COLLECTION, COLLECTIONS, DECISIONS, RATE, SETTINGS, WORKER_CALL_MS } from './settings.ts';
import { settle } from './settle.ts';
import { openSoakStack, type SoakStack } from './stack.ts';
import { verdictOf } from './verdict.ts';

type Log = (line: string) => void;

/** Runs the stack under load and faults for some minutes, lets it come to rest, and reads the ledger. */
export async function soak(
  { minutes, seed, logs }: SoakOptions,
  shutdown: Shutdown,
  log: Log,
): Promise<SoakReport> {
  log('starting the stack');
  const stack = await openSoakStack({
    collections: COLLECTIONS,
    code: CODE,
    decisions: DECISIONS,
    rate: RATE,
    settings: SETTINGS,
    shutdown,
    logs,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([shutdown.signal, stop.signal]);
  void stack.ended.then((end) => stop.abort(new Error(`the stack has ended. ${end}`)));
  try {
    await installAudit(stack.sql);
    const tally = new Tally();
    const load: Load = {
      stack,
      supabase: serviceClient(stack),
      documents: await Documents.open(stack, { collection: COLLECTION, code: CODE, initial: DECISIONS }),
      backfills: new Backfills(stack, tally),
      tally,
      seed,
      seconds: minutes * 60,
    };
    const samples = new Samples();
    const faults = new Tally();
    await loadAndSettle(load, { samples, faults, log, signal });
    return await report(load, { samples, faults, minutes });
  } finally {
    stop.abort();
  }
}

interface Observed {
  readonly samples: Samples;
  readonly faults: Tally;
}

/** Returns when nothing is in progress any more. */
async function loadAndSettle(
  load: Load,
  { samples, faults, log, signal }: Observed & { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const { stack, seconds } = load;
  const time = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
  const atRest = new AbortController();
  const untilRest = AbortSignal.any([signal, atRest.signal]);
  const background = Promise.all([observe(load, samples, log, untilRest), runWorkers(load, time, untilRest)]);
  await Promise.all([runLoad(load, time), injectAll(load, faults, log, time)]);
  signal.throwIfAborted();

  log('the time is over: waiting for work in progress');
  await clearFaults(stack);
  await settle(stack, { backfill: () => load.backfills.run(), log, signal });
  atRest.abort();
  await background;
  signal.throwIfAborted();
}

/** Carries out the plan. Each fault is one line. A fault that is late is not left out. */
async function injectAll(
  { stack, seed, seconds }: Load,
  faults: Tally,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  // It changes while this function waits, which the compiler cannot know.
  const isOver = (): boolean => signal.aborted;
  for (const fault of planFaults(seed, seconds)) {
    await rest(fault.atSeconds * 1_000 - (performance.now() - began), signal);
    if (isOver()) return;
    const name = `${fault.port}: ${fault.kind}`;
    log(`fault: ${name}, ${fault.seconds} s`);
    try {
      await inject(stack, fault, signal);
      faults.add(name);
    } catch (error) {
      if (isOver()) return;
      log(`fault: ${name} did not work: ${asError(error).message}`);
      faults.add(`${name}, did not work`);
    }
  }
  await rest(seconds * 1_000 - (performance.now() - began), signal);
}

async function report(
  { stack, supabase, documents, backfills, tally, seed }: Load,
  { samples, faults, minutes }: Observed & { readonly minutes: number },
): Promise<SoakReport> {
  const { bucket } = stack;
  const files = documents.paths();
  const ledger = {
    ...(await readLedger(stack.sql, { bucket, paths: [...files, ...backfills.planted] })),
    outdated: await findOutdated(supabase, bucket, documents.changed()),
  };
  const stats = await statsOf(stack.legifranceUrl);
  const quota = { limit: RATE, maxInAnySecond: stats.arrivals.maxInAnySecond };
  const { clean, problems } = verdictOf({ ledger, quota, stored: files.length - ledger.lost.count });
  return {
    seed,
    minutes,
    clean,
    problems,
    ledger,
    quota,
    load: { ...tally.all(), documents: files.length, requests: stats.api.total },
    faults: faults.all(),
    processes: samples.courses(),
    histories: await readHistories(stack),
  };
}

/** A client with the service key, whose requests have a deadline. */
function serviceClient({ env }: SoakStack): SupabaseClient {
  const bounded: typeof fetch = (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(WORKER_CALL_MS) });
  const client = createClient(env['SUPABASE_URL'] ?? '', env['SUPABASE_SERVICE_ROLE_KEY'] ?? '', {
    auth: { persistSession: false },
    global: { fetch: bounded },
  });
  return client;
}
