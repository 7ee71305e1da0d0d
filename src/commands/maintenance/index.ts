import type { Command } from 'commander';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { maintenanceInputs, maintenanceRun, type MaintenanceOptions } from './run.ts';

/** `legisync maintenance …` */
export function addMaintenance(program: Command, { onTemporal }: Actions): void {
  const maintenance = program.command('maintenance').description('re-check recent documents');
  leaf(
    maintenance,
    'run [collection]',
    'start one run now and wait for its result (Ctrl-C ends the waiting only)',
    [
      'maintenance run urbanisme',
      'maintenance run urbanisme --sources codes --limit 20',
      'maintenance run --detach --json',
    ],
  )
    .option('--sources <names>', 'only these sources of the collection, separated by commas')
    .option('--limit <n>', 'maximum number of documents, 1 to 100 (default: LEGISYNC_MAINTENANCE_LIMIT)')
    .option('--detach', 'do not wait for the result')
    .action((collection: string | undefined, options: JsonOption & MaintenanceOptions) =>
      onTemporal(options, (session) => maintenanceRun(session, collection, options), {
        writes: true,
        check: (config) => maintenanceInputs(config, collection, options),
      }),
    );
}
