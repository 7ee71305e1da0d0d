import { EventEmitter } from 'node:events';
import { prepareShutdown, type Stoppable } from '../../local/launcher/shutdown.ts';

type Behaviour = 'stops' | 'waits' | 'hangs' | 'throws';

/**
 * A part that records the calls in `notes`. Its `stop` returns at once (`stops`), after `kill`
 * (`waits`) or never (`hangs`).
 */
function sample(name: string, notes: string[], behaviour: Behaviour): Stoppable {
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

function prepare(now?: () => number) {
  const signals = new EventEmitter();
  const notes: string[] = [];
  const lines: string[] = [];
  const clock = { ms: 0 };
  const shutdown = prepareShutdown({
    log: (line) => void lines.push(line),
    signals,
    now: now ?? (() => clock.ms),
  });
  return { signals, notes, lines, clock, shutdown };
}

describe('the shutdown', () => {
  it('stops parts in the reverse order of their start, on the first signal', async () => {
    const { signals, notes, lines, shutdown } = prepare();
    for (const name of ['postgres', 'temporal', 'worker']) shutdown.add(sample(name, notes, 'stops'));

    signals.emit('SIGINT');
    await shutdown.begin('a second call');

    expect(notes).toEqual(['stop worker', 'stop temporal', 'stop postgres']);
    expect(shutdown.signal.reason).toEqual(new Error('stopping: SIGINT'));
    expect(lines).toEqual(['SIGINT: stopping, within 10 s (repeat it to kill everything at once)']);
  });

  it('counts a Ctrl-C that npm forwards as the same Ctrl-C', async () => {
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
    expect(lines.at(-1)).toBe('SIGTERM again: killing everything that still runs');
  });

  it('ends within its total time even if no part ever stops', async () => {
    jest.useFakeTimers();
    try {
      const { notes, shutdown } = prepare(() => performance.now());
      const names = ['postgres', 'gateway', 'worker'];
      for (const name of names) shutdown.add(sample(name, notes, 'hangs'));
      let ended = false;

      void shutdown.begin('end').then(() => (ended = true));
      await jest.advanceTimersByTimeAsync(10_000);

      expect(ended).toBe(true);
      expect(notes).toEqual(names.toReversed().flatMap((name) => [`stop ${name}`, `kill ${name}`]));
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps time for a clean stop of the first parts even if a later one uses up its own', async () => {
    jest.useFakeTimers();
    try {
      const { notes, shutdown } = prepare(() => performance.now());
      const given: number[] = [];
      shutdown.add({
        name: 'postgres',
        stop: (deadlineMs) => Promise.resolve(given.push(deadlineMs)),
        kill: () => undefined,
      });
      shutdown.add(sample('worker', notes, 'hangs'));

      const ended = shutdown.begin('end');
      await jest.advanceTimersByTimeAsync(10_000);
      await ended;

      expect(notes).toEqual(['stop worker', 'kill worker']);
      // A second is kept for each part, 0.25 s of it for a SIGKILL.
      expect(given).toEqual([750]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('continues with the other parts if one cannot be stopped cleanly', async () => {
    const { notes, lines, shutdown } = prepare();
    shutdown.add(sample('postgres', notes, 'stops'));
    shutdown.add(sample('worker', notes, 'throws'));

    await shutdown.begin('end');

    expect(notes).toEqual(['stop worker', 'kill worker', 'stop postgres']);
    expect(lines).toEqual(['worker did not stop cleanly: socket gone']);
  });

  it('kills the parts if this process exits without a shutdown', () => {
    const { signals, notes, shutdown } = prepare();
    shutdown.add(sample('postgres', notes, 'stops'));
    signals.emit('exit');
    expect(notes).toEqual(['kill postgres']);
  });

  it('kills a part that is added after the end, and stops listening to signals', async () => {
    const { signals, notes, shutdown } = prepare();
    await shutdown.begin('end');
    shutdown.add(sample('late', notes, 'stops'));
    expect(notes).toEqual(['kill late']);

    shutdown.dispose();
    expect(signals.eventNames()).toEqual([]);
  });
});
