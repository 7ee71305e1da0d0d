import { runInThisContext } from 'node:vm';

/**
 * Ends a jest worker whose jest has ended. Otherwise its test file would continue without its
 * servers. Jest gives tests a copy of `process` that emits nothing, so this takes the real one from
 * Node's own context.
 */
const worker = runInThisContext('process') as NodeJS.Process;
const isBound = Symbol.for('legisync: ends with its parent');
const exit = (): never => worker.exit(1);

// Once a worker, not once a file. Without a channel, the file runs in jest's own process.
if (worker.channel !== undefined && !(isBound in worker)) {
  Object.defineProperty(worker, isBound, { value: true });
  worker.once('disconnect', exit);
  // A listener keeps the process alive: it goes when jest tells the worker to end, which removes
  // jest's own.
  worker.on('removeListener', (event) => {
    if (event === 'message') worker.off('disconnect', exit);
  });
}
