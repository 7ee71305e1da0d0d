import { isMainThread } from 'node:worker_threads';
import { SERVERS } from '../servers.ts';

/**
 * `node --import` of this file makes a worker load the bundle that the test run has built. Building
 * one takes each worker seconds. Everything else of the worker is unchanged.
 */
const codePath = process.env[SERVERS.workflowBundle];

// Threads of the process load this file, too. Only the main thread makes a worker.
if (isMainThread && codePath !== undefined) {
  const { Worker } = await import('@temporalio/worker');
  const create = Worker.create.bind(Worker);
  Worker.create = ({ workflowsPath: _path, ...options }) =>
    create({ ...options, workflowBundle: { codePath } });
}
