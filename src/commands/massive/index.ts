import type { Command } from 'commander';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { checkReason } from '../../cli/workflow.ts';
import { LANES } from '../../contract/limits.ts';
import { checkStart, controlMassive, massiveNames, massiveStart, readLanes } from './control.ts';
import { massiveStatus } from './status.ts';

/** `legisync massive …` */
export function addMassive(program: Command, { onTemporal }: Actions): void {
  const massive = program
    .command('massive')
    .description('continuous collection; without [collection]: the collections of LEGISYNC_MASSIVE');
  leaf(massive, 'start [collection]', 'start it; harmless if it is already running', [
    'massive start codes',
  ]).action((collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => massiveStart(session, collection), {
      writes: true,
      check: (config) => checkStart(config, collection),
    }),
  );
  leaf(massive, 'status [collection]', 'progress and catalogue', [
    'massive status',
    'massive status codes --json',
  ]).action((collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => massiveStatus(session, collection), {
      check: (config) => massiveNames(config, collection),
    }),
  );
  leaf(massive, 'pause [collection]', 'start no new batch; batches in progress are finished', [
    'massive pause codes',
  ])
    .option('--reason <text>', 'shown to other operators, at most 200 characters')
    .action((collection: string | undefined, options: JsonOption & { readonly reason?: string }) =>
      onTemporal(
        options,
        (session) => controlMassive(session, collection, { name: 'pause', reason: options.reason }),
        {
          writes: true,
          check: (config) => {
            massiveNames(config, collection);
            checkReason(options.reason);
          },
        },
      ),
    );
  leaf(massive, 'resume [collection]', 'continue after a pause, and try failed activities again now', [
    'massive resume codes',
  ]).action((collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => controlMassive(session, collection, { name: 'resume' }), {
      writes: true,
      check: (config) => massiveNames(config, collection),
    }),
  );
  leaf(
    massive,
    'stop [collection]',
    'end it: uploaded documents are queued, the others are left for the next start',
    ['massive stop codes', 'massive stop codes --wait'],
  )
    .option('--wait', 'wait until it has ended (Ctrl-C ends the waiting only)')
    .action((collection: string | undefined, options: JsonOption & { readonly wait?: boolean }) =>
      onTemporal(
        options,
        (session) => controlMassive(session, collection, { name: 'stop', wait: options.wait }),
        { writes: true, check: (config) => massiveNames(config, collection) },
      ),
    );
  leaf(
    massive,
    'lanes <n> [collection]',
    `number of lanes, ${LANES.min} to ${LANES.max}; stored in Postgres`,
    ['massive lanes 8 codes'],
  ).action((lanes: string, collection: string | undefined, options: JsonOption) =>
    onTemporal(
      options,
      (session) => controlMassive(session, collection, { name: 'lanes', lanes: readLanes(lanes) }),
      {
        writes: true,
        check: (config) => {
          readLanes(lanes);
          massiveNames(config, collection);
        },
      },
    ),
  );
}
