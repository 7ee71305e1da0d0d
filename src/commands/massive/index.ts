import type { Command } from 'commander';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { LANES } from '../../contract/collecting.ts';
import { massiveStatus } from './status.ts';
import { massiveStart, massiveSteer, parseLanes } from './steer.ts';

/** `legisync massive …` */
export function addMassive(program: Command, { onTemporal }: Actions): void {
  const massive = program
    .command('massive')
    .description('the continuous collection; without [collection]: those of LEGISYNC_MASSIVE');
  leaf(massive, 'start [collection]', 'start it; harmless where it runs', ['massive start codes']).action(
    (collection: string | undefined, options: JsonOption) =>
      onTemporal(options, (session) => massiveStart(session, collection)),
  );
  leaf(massive, 'status [collection]', 'progress and catalogue', [
    'massive status',
    'massive status codes --json',
  ]).action((collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => massiveStatus(session, collection)),
  );
  leaf(massive, 'pause [collection]', 'begin no new batch; those in work are finished', [
    'massive pause codes',
  ])
    .option('--reason <text>', 'shown to others, at most 200 characters')
    .action((collection: string | undefined, options: JsonOption & { readonly reason?: string }) =>
      onTemporal(options, (session) =>
        massiveSteer(session, collection, { name: 'pause', reason: options.reason }),
      ),
    );
  leaf(massive, 'resume [collection]', 'go on after a pause', ['massive resume codes']).action(
    (collection: string | undefined, options: JsonOption) =>
      onTemporal(options, (session) => massiveSteer(session, collection, { name: 'resume' })),
  );
  leaf(
    massive,
    'stop [collection]',
    'end it: what was uploaded is queued, the rest is left for the next start',
    ['massive stop codes', 'massive stop codes --wait'],
  )
    .option('--wait', 'until it has ended (Ctrl-C ends the waiting only)')
    .action((collection: string | undefined, options: JsonOption & { readonly wait?: boolean }) =>
      onTemporal(options, (session) =>
        massiveSteer(session, collection, { name: 'stop', wait: options.wait }),
      ),
    );
  leaf(
    massive,
    'concurrency <lanes> [collection]',
    `batches in work at a time, ${LANES.min} to ${LANES.max}; kept for good`,
    ['massive concurrency 8 codes'],
  ).action((lanes: string, collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => {
      const verb = { name: 'concurrency', lanes: parseLanes(lanes) } as const;
      return massiveSteer(session, collection, verb);
    }),
  );
}
