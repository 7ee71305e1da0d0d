/** `npm start`: runs a complete local legisync that collects real law texts, with a live view. */
import { join, resolve } from 'node:path';
import { parseStartArgs, type StartOptions } from './launcher/args.ts';
import { asError } from './launcher/errors.ts';
import { startTimeOf } from './launcher/processes.ts';
import { prepareShutdown } from './launcher/shutdown.ts';
import { clearLeftovers, createStackState } from './launcher/state.ts';
import { resetStack, stackPaths, type StackPaths } from './stack/paths.ts';
import { startStack, type Stack } from './stack/stack.ts';
import { displayOn, watch } from './stack/watch.ts';

const startedAtMs = performance.now();
const parsed = parseStartArgs(process.argv.slice(2));
if (parsed.kind === 'stop') {
  (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
  process.exitCode = parsed.exitCode;
} else {
  process.exitCode = await main(parsed.options);
}

async function main(options: StartOptions): Promise<number> {
  // With --json, only the line at the end goes to standard output.
  const display = displayOn(options.json ? process.stderr : process.stdout);
  const shutdown = prepareShutdown({ log: display.log });
  const paths = stackPaths(join(import.meta.dirname, '..'), options.data);
  let failure: Error | undefined;
  try {
    for (const { name, pid } of await clearLeftovers(paths.state)) {
      display.log(`stopped ${name}, left running by an earlier start (process ${pid})`);
    }
    const state = await createStackState(paths.state, {
      pid: process.pid,
      startTime: (await startTimeOf(process.pid)) ?? '',
      startedAt: new Date().toISOString(),
    });
    // Added first, so stopped last.
    shutdown.add({ name: 'state', stop: () => state.remove(), kill: () => undefined });
    if (options.reset) await resetStack(paths);

    const stack = await startStack({
      paths,
      options,
      shutdown,
      state,
      log: display.log,
      onLost: (error) => {
        failure = error;
        void shutdown.begin('a part cannot be restarted');
      },
    });
    const { counter, before } = stack;
    display.log(
      `In a second terminal, in this folder: ${commandPrefix(paths)}npx legisync status, npx legisync env, npx legisync --help`,
    );
    const wanted = options.documents;
    await watch({ counter, before, startedAtMs, wanted, display, signal: shutdown.signal });
    if (wanted !== undefined && !options.exit) {
      await watch({ counter, before, startedAtMs, wanted: undefined, display, signal: shutdown.signal });
    }
    display.close();
    if (!shutdown.signal.aborted) await stack.legisync(['massive', 'stop', '--wait']);
    if (options.json) await report(stack);
    await counter.close();
  } catch (error) {
    if (!shutdown.signal.aborted) failure = asError(error);
  }
  await shutdown.begin(failure === undefined ? 'finished' : 'failed');
  shutdown.dispose();
  if (failure !== undefined) process.stderr.write(`npm start: ${failure.message}\n`);
  return failure === undefined ? 0 : 1;
}

/** What a command needs to find a stack whose data is not in `.local` of its folder. */
function commandPrefix({ state }: StackPaths): string {
  return resolve('.local', 'stack.json') === state ? '' : `export LEGISYNC_STACK=${state}; `;
}

/** Prints the line of `--json`, with numbers from the database, the bucket and the gateway. */
async function report({ counter, before, gatewayUrl }: Stack): Promise<void> {
  const counts = await counter.counts();
  const { missing, dangling } = await counter.gaps();
  const response = await fetch(`${gatewayUrl}/_stats`, { signal: AbortSignal.timeout(20_000) });
  const { uploadsPerObjectMax } = (await response.json()) as { uploadsPerObjectMax: number };
  const line = {
    newDocuments: counts.objects - before.objects,
    objects: counts.objects,
    rows: counts.rows,
    missing,
    dangling,
    uploadsPerObjectMax,
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
