import type { SyntheticCode } from '../options.ts';
import type { ArticleData } from './articles.ts';
import type { Code } from './codeTree.ts';
import { dayNumber, DAY_MS, NO_END_DAY, NO_END_MS } from './dates.ts';
import { buildCode, type SourceNode } from './legiData.ts';
import { createRandom, hash } from './random.ts';
import { paragraph } from './text.ts';

/** Articles in one section. */
const ARTICLES_PER_SECTION = 10;
const FIRST_DAY = '2016-01-01';
const LAST_CHANGE = '2024-01-01';

/**
 * Creates a small code of invented phrases. The same seed and description give the same articles.
 */
export function buildSyntheticCode(description: SyntheticCode, seed: number): Code {
  const { id, title, articles, urbanisme } = description;
  const codeNumber = Number(id.slice(-6));
  const data = Array.from({ length: articles }, (_, ordinal) =>
    syntheticArticle(codeNumber, ordinal, seed, ordinal < urbanisme),
  );
  const children: SourceNode[] = [];
  for (let first = 0; first < articles; first += ARTICLES_PER_SECTION) {
    const number = first / ARTICLES_PER_SECTION + 1;
    const sectionId = `LEGISCTA${String(codeNumber).padStart(6, '0')}${String(number).padStart(6, '0')}`;
    children.push({
      type: 'section',
      data: {
        id: sectionId,
        cid: sectionId,
        title: `Chapitre ${number} : Dispositions de la série ${number}`,
        etat: 'VIGUEUR',
        intOrdre: number * 1000,
        dateDebut: FIRST_DAY,
        dateFin: NO_END_DAY,
      },
      children: data
        .slice(first, first + ARTICLES_PER_SECTION)
        .map((article) => ({ type: 'article' as const, data: article })),
    });
  }
  const dates = { dateModif: LAST_CHANGE, dateDebutVersion: LAST_CHANGE, dateFinVersion: NO_END_DAY };
  return buildCode({ data: { id, cid: id, title, etat: 'VIGUEUR', ...dates }, children });
}

function syntheticArticle(
  codeNumber: number,
  ordinal: number,
  seed: number,
  urbanisme: boolean,
): ArticleData {
  const id = `LEGIARTI${String(codeNumber).padStart(6, '0')}${String(ordinal + 1).padStart(6, '0')}`;
  const random = createRandom(hash(seed, ordinal, codeNumber));
  const texte = paragraph(random, urbanisme);
  const dateDebut = dayNumber(FIRST_DAY) * DAY_MS;
  return {
    id,
    cid: id,
    num: `L${100 + Math.floor(ordinal / ARTICLES_PER_SECTION)}-${(ordinal % ARTICLES_PER_SECTION) + 1}`,
    etat: 'VIGUEUR',
    intOrdre: (ordinal + 1) * 10,
    texte,
    texteHtml: `<p>${texte}</p>`,
    nota: '',
    notaHtml: '',
    dateDebut,
    dateFin: NO_END_MS,
    dateDebutExtension: NO_END_MS,
    dateFinExtension: NO_END_MS,
    articleVersions: [
      { id, etat: 'VIGUEUR', version: '1.0', dateDebut, dateFin: NO_END_MS, numero: null, ordre: null },
    ],
    lienModifications: [],
  };
}
