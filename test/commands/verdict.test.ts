import { EXIT } from '../../src/cli/exit.ts';
import type { CollectionStatus } from '../../src/commands/massive/status.ts';
import { verdictOf } from '../../src/commands/setup/verdict.ts';
import { NO_TOTALS, type MassiveProgress } from '../../src/contract/collecting.ts';
import type { CatalogueCounts } from '../../src/supabase/types.ts';

const PROGRESS: MassiveProgress = {
  collection: 'codes',
  state: 'waiting',
  controls: { paused: false, lanes: 4 },
  pass: 1,
  busy: 0,
  totals: NO_TOTALS,
  rate: null,
  backlog: null,
  secondsLeft: null,
  runs: 1,
  pauseReason: '',
  holdUp: null,
};

const COUNTS: CatalogueCounts = {
  pass: 1,
  passComplete: true,
  documents: { stored: 5 },
  openSlices: 0,
  parkedSliceCount: 0,
  parkedSlices: [],
  failures: {},
  unavailable: [],
};

const PARKED: Partial<CatalogueCounts> = {
  parkedSliceCount: 2,
  parkedSlices: [
    { source: 'codes', key: { kind: 'code', code: 'X' }, code: 'LEGIFRANCE_REJECTED', message: 'no' },
  ],
};

function collection(
  progress: Partial<MassiveProgress> = {},
  counts: Partial<CatalogueCounts> = {},
): CollectionStatus {
  return {
    collection: 'codes',
    progress: { value: { ...PROGRESS, ...progress }, problem: null },
    failing: [],
    catalogue: { value: { ...COUNTS, ...counts }, problem: null },
    otherBuild: null,
  };
}

describe('the verdict of `legisync status`', () => {
  it.each(['collecting', 'waiting', 'quota'] as const)('is OK in state %s', (state) => {
    expect(verdictOf([collection({ state })])).toEqual({
      ok: true,
      exitCode: EXIT.ok,
      text: 'OK: every configured collection runs.',
    });
  });

  it.each(['failing', 'pausing', 'paused', 'stopping', 'stopped'] as const)(
    'is a problem in state %s',
    (state) => {
      expect(verdictOf([collection(), collection({ state })])).toEqual({
        ok: false,
        exitCode: EXIT.failed,
        text: `Problem: codes: ${state}. Details are below.`,
      });
    },
  );

  it('counts parked slices, whose documents are not listed', () => {
    expect(verdictOf([collection(), collection({}, PARKED)])).toEqual({
      ok: true,
      exitCode: EXIT.ok,
      text: 'OK: every configured collection runs. Parked until the next pass: 2 slices. Details are below.',
    });
  });

  it('is a problem if nothing was ever listed, because the listing is rejected', () => {
    expect(verdictOf([collection({}, { ...PARKED, documents: {} })])).toEqual({
      ok: false,
      exitCode: EXIT.failed,
      text: 'Problem: codes: LEGIFRANCE_REJECTED. Details are below.',
    });
    // A collection that has just begun has listed nothing, either.
    expect(verdictOf([collection({}, { documents: {} })])).toMatchObject({ ok: true });
  });
});
