import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concernsDocument, concernsSlice, mayConcernDocument } from '../../src/activities/serviceFailure.ts';
import {
  documentRetry,
  FAILURES,
  isFailureCode,
  LegisyncError,
  type FailureCode,
} from '../../src/contract/failures.ts';

const CODES = Object.keys(FAILURES) as FailureCode[];
const TESTS = join(__dirname, '..');
const SRC = join(__dirname, '../../src');

/** The TypeScript files below a folder, with their text. */
function sources(folder: string): [file: string, text: string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
}

describe('the failure table', () => {
  it.each(CODES)('%s has each field', (code) => {
    const { retry, concerns, benign, exit, remedy } = FAILURES[code];
    expect(['backoff', 'every', 'never']).toContain(retry.kind);
    expect(Object.keys(concerns)).not.toEqual([]);
    expect(typeof benign).toBe('boolean');
    expect(['failed', 'config', 'refused', 'supabase']).toContain(exit);
    expect(remedy).toMatch(/^[A-Z][^\n|]*\.$/);
    expect(remedy.split(' ').length).toBeLessThanOrEqual(20);
  });

  it.each(CODES)('%s is consistent: whom it concerns agrees with its retry', (code) => {
    const { retry, concerns, benign } = FAILURES[code];
    // A service recovers by itself; a person has to be waited for; one document or slice is skipped.
    if (concerns.service !== undefined) expect(retry.kind).toBe('backoff');
    if (retry.kind === 'every') expect(concerns).toEqual({ operator: true });
    if (retry.kind === 'every') expect(retry.ms).toBeGreaterThanOrEqual(5 * 60_000);
    if (benign) expect(concerns).toEqual({ service: 'legifrance' });
    if (concerns.document !== undefined) {
      expect(concerns.document.retrySeconds).toBeGreaterThanOrEqual(60);
      expect(concerns.document.retrySeconds).toBeLessThanOrEqual(86_400);
    }
  });

  it('says which failures are a document’s, which may be, and which are a slice’s', () => {
    expect(CODES.filter(concernsDocument)).toEqual([
      'LEGIFRANCE_REJECTED',
      'DOCUMENT_NOT_FOUND',
      'DOCUMENT_MALFORMED',
      'DOCUMENT_REFUSED',
      'OBJECT_MISSING',
    ]);
    expect(CODES.filter(mayConcernDocument)).toEqual(['LEGIFRANCE_UNAVAILABLE', 'STORAGE_BUSY', 'INTERNAL']);
    expect(CODES.filter((code) => concernsSlice(new LegisyncError(code, 'x')))).toEqual([
      'LEGIFRANCE_UNAVAILABLE',
      'LEGIFRANCE_REJECTED',
      'DOCUMENT_NOT_FOUND',
      'DOCUMENT_MALFORMED',
      'ENUMERATION_UNSTABLE',
    ]);
  });

  it('is benign only for what is expected under load', () => {
    expect(CODES.filter((code) => FAILURES[code].benign)).toEqual(['LEGIFRANCE_THROTTLED', 'QUOTA_SPENT']);
  });

  it('calls a document unavailable only after "not found"', () => {
    expect(CODES.filter((code) => documentRetry(code).unavailable)).toEqual(['DOCUMENT_NOT_FOUND']);
  });

  it('lets a document wait a day after a failure without a rule, such as that of a newer worker', () => {
    for (const code of ['QUOTA_SPENT', 'OF_A_NEWER_WORKER', 'toString'])
      expect(documentRetry(code)).toEqual({
        retrySeconds: 86_400,
        maxSeconds: 86_400,
        unavailable: false,
      });
    expect(isFailureCode('toString')).toBe(false);
  });

  it('has no code that no test expects', () => {
    const text = sources(TESTS)
      .filter(([file]) => !file.startsWith('contract/'))
      .map(([, content]) => content)
      .join('\n');
    expect(CODES.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});

describe('a LegisyncError', () => {
  it.each(CODES)('of %s has the remedy of its code, apart from its message', (code) => {
    const { message, remedy } = new LegisyncError(code, 'what happened.');
    expect([message, remedy]).toEqual(['what happened.', FAILURES[code].remedy]);
  });

  it('may have a remedy that fits better', () => {
    expect(new LegisyncError('DATABASE_BUSY', 'x', { remedy: 'End process 7.' }).remedy).toBe(
      'End process 7.',
    );
  });

  it('cuts its message at 500 characters', () => {
    const { message } = new LegisyncError('INTERNAL', 'é'.repeat(501));
    expect(message).toBe(`${'é'.repeat(499)}…`);
  });
});

describe('the source', () => {
  it('puts no remedy behind a message on one line', () => {
    const glued =
      /\$\{[^}]*(?:message|text|why|problem)[^}]*\} (?:Next: )?\$\{[^}]*(?:remedy|next|hint|advice)\}/i;
    expect(sources(SRC).flatMap(([file, text]) => (glued.test(text) ? [file] : []))).toEqual([]);
  });

  it('classifies failures by the table, not by the spelling of a code', () => {
    const spelling =
      /\/\^?\(?(?:LEGIFRANCE|DOCUMENT|STORAGE|DATABASE|SUPABASE|QUEUE)\b[^/\n]*_\/|startsWith\('(?:LEGIFRANCE|DOCUMENT|STORAGE|DATABASE|SUPABASE|QUEUE)_/;
    expect(sources(SRC).flatMap(([file, text]) => (spelling.test(text) ? [file] : []))).toEqual([]);
  });
});
