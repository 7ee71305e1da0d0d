import { CompleteAsyncError, Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Retry } from '../../src/contract/failureRule.ts';
import { FAILURES, LegisyncError, type FailureCode } from '../../src/contract/failures.ts';
import { failureInterceptor } from '../../src/observability/failureInterceptor.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createScrub } from '../../src/observability/scrub.ts';

const CANARY = 'canary-client-secret-4711';
const CODES = Object.keys(FAILURES) as FailureCode[];

function environment(attempt = 1) {
  const lines: Record<string, unknown>[] = [];
  const scrub = createScrub([CANARY]);
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const logger = createLogger({ level: 'debug', scrub, destination });
  const activity = new MockActivityEnvironment(
    { activityType: 'uploadDocuments', attempt },
    // The SDK's own log of failed activities would fill the test's output.
    { interceptors: [failureInterceptor({ logger, scrub })], logger: new DefaultLogger('ERROR') },
  );
  return { activity, lines };
}

async function thrownBy(work: () => unknown, attempt = 1): Promise<unknown> {
  const { activity } = environment(attempt);
  return await activity
    .run(() => Promise.resolve().then(work))
    .then(
      () => undefined,
      (error: unknown) => error,
    );
}

async function failureOf(error: unknown, attempt = 1): Promise<ApplicationFailure> {
  const failure = await thrownBy(() => {
    throw error;
  }, attempt);
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

  it.each(CODES)(
    '%s has its remedy in the details if a person has to act, never in the message',
    async (code) => {
      const { concerns, remedy } = FAILURES[code];
      const { message, details } = await failureOf(new LegisyncError(code, 'what happened.'));
      expect(message).toBe('what happened.');
      const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
      expect(details).toEqual([{ at, ...(concerns.operator === true && { remedy }) }]);
    },
  );

  it('has the remedy that fits better than the one of its code', async () => {
    const error = new LegisyncError('CONFIG_INVALID', 'x', { remedy: `not ${CANARY}` });
    expect((await failureOf(error)).details).toEqual([
      { at: expect.any(String) as string, remedy: 'not [secret]' },
    ]);
  });

  it.each(CODES)('%s is benign if it is expected under load', async (code) => {
    const { category } = await failureOf(new LegisyncError(code, 'x'));
    expect(category === ApplicationFailureCategory.BENIGN).toBe(FAILURES[code].benign);
  });

  it.each([
    { code: 'LEGIFRANCE_THROTTLED', attempt: 1, askedMs: 7_000, waitMs: 7_000 },
    // Shorter than the policy's own next interval, which applies then. No retry is without a pause.
    { code: 'LEGIFRANCE_THROTTLED', attempt: 1, askedMs: 0, waitMs: undefined },
    { code: 'LEGIFRANCE_UNAVAILABLE', attempt: 4, askedMs: 7_000, waitMs: undefined },
    { code: 'LEGIFRANCE_UNAVAILABLE', attempt: 4, askedMs: 8_001, waitMs: 8_001 },
    { code: 'STORAGE_BUSY', attempt: 100, askedMs: 300_000, waitMs: undefined },
    { code: 'STORAGE_BUSY', attempt: 5_000, askedMs: 300_001, waitMs: 300_001 },
    { code: 'LEGIFRANCE_FORBIDDEN', attempt: 1, askedMs: 1_000, waitMs: 900_000 },
    { code: 'LEGIFRANCE_FORBIDDEN', attempt: 1, askedMs: 3_600_000, waitMs: 3_600_000 },
    { code: 'DOCUMENT_NOT_FOUND', attempt: 1, askedMs: 1_000, waitMs: undefined },
  ] as const)(
    'waits longer if the service asks for it, never shorter: $code, attempt $attempt, $askedMs ms',
    async ({ code, attempt, askedMs, waitMs }) => {
      const error = new LegisyncError(code, 'x', { retryAfterMs: askedMs });
      expect((await failureOf(error, attempt)).nextRetryDelay ?? undefined).toBe(waitMs);
    },
  );

  it('reveals no part of a secret that was cut when the message was made', async () => {
    for (let shown = 4; shown <= CANARY.length; shown += 1) {
      const long = `${'x '.repeat(250).slice(0, 499 - shown)}${CANARY}${'y'.repeat(50)}`;
      for (const code of ['STORAGE_BUSY', 'STORAGE_REFUSED'] as const) {
        const { message } = await failureOf(new LegisyncError(code, long));
        expect(message).not.toContain(CANARY.slice(0, 4));
        expect(message).toContain('[secret]…');
      }
    }
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

  it('is INTERNAL and retried if it is unexpected', async () => {
    const failure = await failureOf(new TypeError('x is not a function'));
    expect(failure).toMatchObject({
      type: 'INTERNAL',
      message: 'TypeError: x is not a function',
      nonRetryable: false,
    });
    expect(await failureOf('just text')).toMatchObject({ type: 'INTERNAL' });
  });

  it('stays as it is if the activity made an ApplicationFailure itself', async () => {
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

  it('stays below the size that Temporal keeps of a failure', async () => {
    const failure = await failureOf(new LegisyncError('STORAGE_REFUSED', 'é'.repeat(5_000)));
    expect(Buffer.byteLength(failure.message)).toBeLessThan(4_096);
  });
});

describe('an error that is not a failure', () => {
  it('passes through untouched: cancellation and asynchronous completion', async () => {
    for (const error of [new CancelledFailure('cancelled'), new CompleteAsyncError()]) {
      expect(
        await thrownBy(() => {
          throw error;
        }),
      ).toBe(error);
    }
  });

  it('includes an AbortError only if the activity was cancelled', async () => {
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
  it('has the begin and the end with the duration, at debug', async () => {
    const { activity, lines } = environment();
    await activity.run(() => Promise.resolve(1));
    expect(lines.map(({ level, msg, activity: type }) => [level, msg, type])).toEqual([
      ['debug', 'activity started', 'uploadDocuments'],
      ['debug', 'activity completed', 'uploadDocuments'],
    ]);
    expect(lines[1]?.['durationMs']).toEqual(expect.any(Number));
  });

  it('has the whole error of a bug, with its cause, without secrets', async () => {
    const { activity, lines } = environment();
    const bug = new TypeError('outer', { cause: new Error(`inner ${CANARY}`) });
    await expect(activity.run(() => Promise.reject(bug))).rejects.toThrow('outer');
    expect(lines.at(-1)).toMatchObject({ level: 'error', code: 'INTERNAL' });
    expect(JSON.stringify(lines)).toContain('inner [secret]');
  });
});
