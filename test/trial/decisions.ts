import { openMassive, type MassiveStack } from '../support/massive.ts';

/** Decisions of {@link openDecisions}: one run of MAINTENANCE takes them all. */
export const DECISIONS = 30;

/** Workers with it find the decisions recent. */
export const FIND_ALL = { LEGISYNC_MAINTENANCE_SINCE_DAYS: '3650' } as const;

/** Opens a stack with a collection of decisions. */
export function openDecisions(): Promise<MassiveStack> {
  return openMassive([{ kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' }], {
    legifrance: {
      codes: [],
      decisions: DECISIONS,
      decisionDates: { start: '2024-01-01', end: '2024-12-31' },
    },
  });
}
