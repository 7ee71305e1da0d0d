import { extname } from 'node:path';

/**
 * Commands that messages name, as they are typed in this installation: in a checkout, whose sources
 * are TypeScript, or with the installed package, which is JavaScript (ADR 21).
 */
export const COMMANDS =
  extname(import.meta.filename) === '.ts'
    ? {
        startWorker: 'npm run worker',
        legisync: 'npx legisync',
        reachServer: 'npm start (a local stack), or set TEMPORAL_ADDRESS',
        makeBundle: 'npm run build:workflows',
      }
    : {
        startWorker: 'legisync-worker',
        legisync: 'legisync',
        reachServer: 'set TEMPORAL_ADDRESS',
        makeBundle: 'install the package again',
      };
