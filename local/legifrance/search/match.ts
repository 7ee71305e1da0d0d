import { foldedWords } from '../corpus/fold.ts';
import type { Criterion, Query } from './request.ts';

/**
 * Whether a field of a document contains a folded word, or several words joined by single spaces.
 */
type HasPhrase = (phrase: string, field: string) => boolean;

/**
 * Whether a query selects a document. The query's operator joins the fields, a field's operator
 * joins its criteria, and a criterion's operator joins its nested criteria. `*` selects everything.
 */
export function selects(query: Query, has: HasPhrase): boolean {
  return joined(query.operateur, query.champs, (champ) =>
    joined(champ.operateur, champ.criteres, (criterion) => meets(criterion, champ.typeChamp, has)),
  );
}

function meets(criterion: Criterion, field: string, has: HasPhrase): boolean {
  const nested = criterion.criteres ?? [];
  const terms = [
    () => meetsValue(criterion, field, has),
    ...nested.map((inner) => () => meets(inner, field, has)),
  ];
  return joined(criterion.operateur, terms, (term) => term());
}

function meetsValue({ typeRecherche, valeur }: Criterion, field: string, has: HasPhrase): boolean {
  if (valeur.trim() === '*') return true;
  const words = foldedWords(valeur);
  switch (typeRecherche) {
    case 'UN_DES_MOTS':
      return words.some((word) => has(word, field));
    case 'TOUS_LES_MOTS_DANS_UN_CHAMP':
      return words.length > 0 && words.every((word) => has(word, field));
    case 'EXACTE':
      return words.length > 0 && has(words.join(' '), field);
    case 'AUCUN_DES_MOTS':
      return !words.some((word) => has(word, field));
    case 'AUCUNE_CORRESPONDANCE_A_CETTE_EXPRESSION':
      return !has(words.join(' '), field);
  }
}

function joined<T>(operator: 'ET' | 'OU', items: readonly T[], test: (item: T) => boolean): boolean {
  return operator === 'ET' ? items.every(test) : items.some(test);
}
