import { CompleteAsyncError, Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { FAILURES, LegisyncError, type FailureCode, type Retry } from '../../src/contract/failures.ts';
import { failureInterceptor } from '../../src/observability/failureInterceptor.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createScrub } from '../../src/observability/scrub.ts';

const CANARY = 'canary-client-secret-4711';
const CODES = Object.keys(FAILURES) as FailureCode[];

function environment() {
  const lines: Record<string, unknown>[] = [];
  const scrub = createScrub([CANARY]);
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const logger = createLogger({ level: 'debug', scrub, destination });
  const activity = new MockActivityEnvironment(
    { activityType: 'uploadDocuments' },
    // The SDK's own log of failed activities would fill the test's output.
    { interceptors: [failureInterceptor({ logger, scrub })], logger: new DefaultLogger('ERROR') },
  );
  return { activity, lines };
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  const { activity } = environment();
  return await activity
    .run(() => Promise.resolve().then(work))
    .then(
      () => undefined,
      (error: unknown) => error,
    );
}

async function failureOf(error: unknown): Promise<ApplicationFailure> {
  const failure = await thrownBy(() => {
    throw error;
  });
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure as ApplicationFailure;
}

describe('a failure on its way into history', () => {
  it.each(CODES)('%s has the taxonomy’s retry', async (code) => {
    const rule: Retry = FAILURES[code].retry;
    const failure = await failureOf(new LegisyncError(code, 'what happened'));
    expect(failure.type).toBe(code);
    expect(failure.message).toContain('what happened');
    expect(failure.nonRetryable ?? false).toBe(rule.kind === 'never');
    expect(failure.nextRetryDelay ?? undefined).toBe(rule.kind === 'every' ? rule.ms : undefined);
  });

  it.each(CODES)('%s tells an operator what to do, where only a person can mend it', async (code) => {
    const { retry, remedy }: { retry: Retry; remedy: string } = FAILURES[code];
    const { message } = await failureOf(new LegisyncError(code, 'what happened.'));
    expect(message).toBe(retry.kind === 'every' ? `what happened. ${remedy}` : 'what happened.');
  });

  it('is benign only where it is expected under load', async () => {
    const benign: string[] = [];
    for (const code of CODES) {
      const { category } = await failureOf(new LegisyncError(code, 'x'));
      if (category === ApplicationFailureCategory.BENIGN) benign.push(code);
    }
    expect(benign).toEqual(['LEGIFRANCE_THROTTLED', 'QUOTA_SPENT']);
  });

  it('waits as long as the other side asked for, above all rules', async () => {
    const failure = await failureOf(new LegisyncError('LEGIFRANCE_THROTTLED', 'x', { retryAfterMs: 7_000 }));
    expect(failure.nextRetryDelay).toBe(7_000);
  });

  it('carries no secret, no cause and no stack', async () => {
    const cause = new Error(`Bearer ${CANARY}`);
    for (const error of [
      new LegisyncError('STORAGE_BUSY', `apikey ${CANARY}`, { cause }),
      new TypeError(`fetch failed with ${CANARY}`, { cause }),
      ApplicationFailure.create({ type: 'OWN', message: `own ${CANARY}`, cause }),
    ]) {
      const failure = await failureOf(error);
      expect(failure.cause).toBeUndefined();
      expect(failure.stack).toBe('');
      expect(`${failure.message}${JSON.stringify(failure)}`).not.toContain(CANARY);
      expect(failure.message).toContain('[secret]');
    }
  });

  it('is INTERNAL and retried where nobody foresaw it', async () => {
    const failure = await failureOf(new TypeError('x is not a function'));
    expect(failure).toMatchObject({
      type: 'INTERNAL',
      message: 'TypeError: x is not a function',
      nonRetryable: false,
    });
    expect(await failureOf('just text')).toMatchObject({ type: 'INTERNAL' });
  });

  it('stays as an activity made it, where it made one itself', async () => {
    const own = ApplicationFailure.create({
      type: 'OWN',
      message: 'm',
      nonRetryable: true,
      details: [1],
      nextRetryDelay: '3s',
    });
    expect(await failureOf(own)).toMatchObject({
      type: 'OWN',
      message: 'm',
      nonRetryable: true,
      details: [1],
      nextRetryDelay: '3s',
    });
  });

  it('stays below what Temporal keeps of a failure', async () => {
    const failure = await failureOf(new LegisyncError('STORAGE_REFUSED', 'é'.repeat(5_000)));
    expect(Buffer.byteLength(failure.message)).toBeLessThan(4_096);
  });
});

describe('what is no failure', () => {
  it('passes through untouched: cancellation and asynchronous completion', async () => {
    for (const error of [new CancelledFailure('cancelled'), new CompleteAsyncError()]) {
      expect(
        await thrownBy(() => {
          throw error;
        }),
      ).toBe(error);
    }
  });

  it('includes an AbortError, but only where the activity was cancelled', async () => {
    const abort = new DOMException('aborted', 'AbortError');
    const { activity } = environment();
    const cancelled = activity.run(() => {
      activity.cancel();
      expect(Context.current().cancellationSignal.aborted).toBe(true);
      return Promise.reject(abort);
    });
    await expect(cancelled).rejects.toBe(abort);
    expect((await failureOf(abort)).type).toBe('INTERNAL');
  });
});

describe('the activity log', () => {
  it('has begin and end with the duration, at debug', async () => {
    const { activity, lines } = environment();
    await activity.run(() => Promise.resolve(1));
    expect(lines.map(({ level, msg, activity: type }) => [level, msg, type])).toEqual([
      ['debug', 'activity started', 'uploadDocuments'],
      ['debug', 'activity completed', 'uploadDocuments'],
    ]);
    expect(lines[1]?.['durationMs']).toEqual(expect.any(Number));
  });

  it('has the whole error of a bug, cause included, without secrets', async () => {
    const { activity, lines } = environment();
    const bug = new TypeError('outer', { cause: new Error(`inner ${CANARY}`) });
    await expect(activity.run(() => Promise.reject(bug))).rejects.toThrow('outer');
    expect(lines.at(-1)).toMatchObject({ level: 'error', code: 'INTERNAL' });
    expect(JSON.stringify(lines)).toContain('inner [secret]');
  });
});
