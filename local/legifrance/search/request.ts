import { z } from 'zod';
import { DAY_MS } from '../corpus/dates.ts';

const criterion = z.object({
  typeRecherche: z.enum([
    'UN_DES_MOTS',
    'EXACTE',
    'TOUS_LES_MOTS_DANS_UN_CHAMP',
    'AUCUN_DES_MOTS',
    'AUCUNE_CORRESPONDANCE_A_CETTE_EXPRESSION',
  ]),
  valeur: z.string().min(1).max(1000),
  operateur: z.enum(['ET', 'OU']),
  proximite: z.int().optional(),
  get criteres() {
    return z.array(criterion).max(50).nullish();
  },
});

/** The field names of each simulated fond; with any other, the application fails. */
const FIELDS = {
  CODE_DATE: ['ALL', 'TITLE', 'TABLE', 'NUM_ARTICLE', 'ARTICLE'],
  CETAT: ['ALL', 'TITLE', 'NUM_DEC', 'ABSTRATS', 'TEXTE', 'RESUMES'],
} as const;

/**
 * `operateur` is optional in the published schema, but without it the real application answers HTTP
 * 500.
 */
const field = z.object({
  typeChamp: z.string(),
  operateur: z.enum(['ET', 'OU']),
  criteres: z.array(criterion).min(1).max(50),
});

/** A date of a filter, `YYYY-MM-DD` or epoch ms, as days since 1970. */
const filterDay = z
  .union([
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}/)
      .transform((text) => Math.floor(Date.parse(text.slice(0, 10)) / DAY_MS)),
    z.number().transform((epochMs) => Math.floor(epochMs / DAY_MS)),
  ])
  .refine(Number.isFinite, 'not a date');

const filter = z.object({
  facette: z.string(),
  valeurs: z.array(z.string()).nullish(),
  valeur: z.string().nullish(),
  dates: z.object({ start: filterDay.nullish(), end: filterDay.nullish() }).nullish(),
  singleDate: filterDay.nullish(),
});

const FONDS = [
  'JORF',
  'CNIL',
  'CETAT',
  'JURI',
  'JUFI',
  'CONSTIT',
  'KALI',
  'CODE_DATE',
  'CODE_ETAT',
  'LODA_DATE',
  'LODA_ETAT',
  'ALL',
  'CIRC',
  'ACCO',
] as const;

/** A body of `/search`. Unknown keys are ignored, as in the real application. */
export const searchRequest = z
  .object({
    fond: z.enum(FONDS),
    recherche: z.object({
      champs: z.array(field).min(1).max(50),
      filtres: z
        .array(filter)
        .max(50)
        .nullish()
        .transform((filters) => filters ?? []),
      operateur: z.enum(['ET', 'OU']),
      pageNumber: z.int().min(1),
      pageSize: z.int().min(1),
      sort: z.string(),
      secondSort: z.literal('ID').nullish(),
      typePagination: z.enum(['DEFAUT', 'ARTICLE']),
    }),
  })
  .refine(({ fond, recherche }) => {
    const known: readonly string[] | undefined =
      fond === 'CODE_DATE' || fond === 'CETAT' ? FIELDS[fond] : undefined;
    return known === undefined || recherche.champs.every(({ typeChamp }) => known.includes(typeChamp));
  }, 'a typeChamp that the fond does not have');

export type SearchRequest = z.output<typeof searchRequest>;
export type Query = Pick<SearchRequest['recherche'], 'champs' | 'operateur'>;
export type Criterion = z.output<typeof criterion>;
export type Filter = z.output<typeof filter>;
