import { EventEmitter } from 'node:events';
import { prepareShutdown, type Stoppable } from '../../local/launcher/shutdown.ts';

/** A part that notes what is done to it. `stop` answers when `kill` is called, unless it is told to answer at once. */
function sample(name: string, notes: string[], behaviour: 'stops' | 'waits' | 'hangs' | 'throws'): Stoppable {
  const killed = Promise.withResolvers<undefined>();
  return {
    name,
    stop: async () => {
      notes.push(`stop ${name}`);
      if (behaviour === 'throws') throw new Error('socket gone');
      if (behaviour !== 'stops') await killed.promise;
    },
    kill: () => {
      notes.push(`kill ${name}`);
      if (behaviour !== 'hangs') killed.resolve(undefined);
    },
  };
}

function prepare(totalMs?: number) {
  const signals = new EventEmitter();
  const notes: string[] = [];
  const lines: string[] = [];
  const clock = { ms: 0 };
  const shutdown = prepareShutdown({
    log: (line) => void lines.push(line),
    signals,
    ...(totalMs === undefined ? {} : { totalMs, now: () => performance.now() }),
    ...(totalMs === undefined ? { now: () => clock.ms } : {}),
  });
  return { signals, notes, lines, clock, shutdown };
}

describe('the way down', () => {
  it('stops parts in the reverse order of their start, on the first signal', async () => {
    const { signals, notes, lines, shutdown } = prepare();
    for (const name of ['postgres', 'temporal', 'worker']) shutdown.add(sample(name, notes, 'stops'));

    signals.emit('SIGINT');
    await shutdown.begin('asked again');

    expect(notes).toEqual(['stop worker', 'stop temporal', 'stop postgres']);
    expect(shutdown.signal.reason).toEqual(new Error('stopping: SIGINT'));
    expect(lines).toEqual(['SIGINT: stopping (at most 10 s; once more to kill everything)']);
  });

  it('takes the echo of a Ctrl-C, which npm forwards, for the same Ctrl-C', async () => {
    const { signals, notes, clock, shutdown } = prepare();
    const worker = sample('worker', notes, 'waits');
    shutdown.add(worker);

    signals.emit('SIGINT');
    clock.ms = 20;
    signals.emit('SIGINT');
    expect(notes).toEqual(['stop worker']);

    worker.kill();
    await shutdown.begin('end');
  });

  it('kills everything at once on a second signal', async () => {
    const { signals, notes, clock, lines, shutdown } = prepare();
    for (const name of ['postgres', 'worker']) shutdown.add(sample(name, notes, 'waits'));

    signals.emit('SIGTERM');
    clock.ms = 2_000;
    signals.emit('SIGTERM');
    await shutdown.begin('end');

    expect(notes.slice(0, 3)).toEqual(['stop worker', 'kill worker', 'kill postgres']);
    expect(lines.at(-1)).toBe('SIGTERM again: killing what is left');
  });

  it('ends in its total time even if no part ever answers', async () => {
    const totalMs = 1_500;
    const { notes, shutdown } = prepare(totalMs);
    const names = ['postgres', 'gateway', 'worker'];
    for (const name of names) shutdown.add(sample(name, notes, 'hangs'));

    const startedAt = performance.now();
    await shutdown.begin('end');

    // A busy machine runs timers late; what must not be added up is a whole deadline for each part.
    expect(performance.now() - startedAt).toBeLessThan(totalMs * 1.5);
    expect(notes).toEqual(names.toReversed().flatMap((name) => [`stop ${name}`, `kill ${name}`]));
  });

  it('keeps time for a clean end of the first parts when a later one uses up its own', async () => {
    const { notes, shutdown } = prepare(1_000);
    const given: number[] = [];
    shutdown.add({
      name: 'postgres',
      stop: (deadlineMs) => Promise.resolve(given.push(deadlineMs)),
      kill: () => undefined,
    });
    shutdown.add(sample('worker', notes, 'hangs'));

    await shutdown.begin('end');

    expect(notes).toEqual(['stop worker', 'kill worker']);
    expect(given).toEqual([expect.any(Number)]);
    expect(given[0]).toBeGreaterThan(0);
  });

  it('goes on to the other parts when one cannot be stopped cleanly', async () => {
    const { notes, lines, shutdown } = prepare();
    shutdown.add(sample('postgres', notes, 'stops'));
    shutdown.add(sample('worker', notes, 'throws'));

    await shutdown.begin('end');

    expect(notes).toEqual(['stop worker', 'kill worker', 'stop postgres']);
    expect(lines).toEqual(['worker did not stop cleanly: socket gone']);
  });

  it('kills the parts if this process exits without the way down', () => {
    const { signals, notes, shutdown } = prepare();
    shutdown.add(sample('postgres', notes, 'stops'));
    signals.emit('exit');
    expect(notes).toEqual(['kill postgres']);
  });

  it('kills a part that appears when all is over, and stops listening', async () => {
    const { signals, notes, shutdown } = prepare();
    await shutdown.begin('end');
    shutdown.add(sample('late', notes, 'stops'));
    expect(notes).toEqual(['kill late']);

    shutdown.dispose();
    expect(signals.eventNames()).toEqual([]);
  });
});
