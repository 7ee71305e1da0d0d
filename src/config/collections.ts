import { z } from 'zod';
import type { Collection } from '../contract/collections.ts';
import { isCategory } from '../contract/documents.ts';

/**
 * The default collections: four large and frequently used codes, and everything about town planning
 * in codes and in administrative decisions.
 */
export const DEFAULT_COLLECTIONS: readonly Collection[] = [
  {
    name: 'codes',
    sources: [
      {
        kind: 'codes',
        name: 'codes',
        // The ids of the versions in force, as /list/code returns them.
        codes: [
          'LEGITEXT000006072050', // Code du travail
          'LEGITEXT000006073189', // Code de la sécurité sociale
          'LEGITEXT000022197698', // Code rural et de la pêche maritime
          'LEGITEXT000031366350', // Code des relations entre le public et l'administration
        ],
      },
    ],
  },
  {
    name: 'urbanisme',
    sources: [
      { kind: 'search', name: 'codes', fond: 'CODE_DATE', query: 'urbanisme' },
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' },
    ],
  },
];

const name = z
  .string()
  .refine(isCategory, { error: 'must be lower case letters, digits, "-" and "_", at most 63' });

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('codes'),
    name,
    codes: z
      .array(z.string().regex(/^LEGITEXT\d{12}$/, { error: 'must be LEGITEXT and twelve digits' }))
      .min(1)
      .optional(),
  }),
  z.strictObject({
    kind: z.literal('search'),
    name,
    fond: z.enum(['CODE_DATE', 'CETAT']),
    query: z.string().trim().min(1),
  }),
]);

/**
 * The file that `LEGISYNC_COLLECTIONS` names. Names are unique, because they are keys of the
 * catalogue.
 */
export const collectionsSchema = z
  .array(
    z.strictObject({
      name,
      sources: z.array(source).min(1).refine(haveUniqueNames, { error: 'must have unique names' }),
    }),
  )
  .min(1)
  .refine(haveUniqueNames, { error: 'must have unique names' });

function haveUniqueNames(items: readonly { readonly name: string }[]): boolean {
  return new Set(items.map((item) => item.name)).size === items.length;
}
