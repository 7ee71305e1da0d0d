import type { CodeCorpus } from '../corpus/codes.ts';
import type { Code } from '../corpus/codeTree.ts';
import { searchDate } from '../corpus/dates.ts';

interface CodeListRequest {
  readonly pageNumber: number;
  readonly pageSize: number;
  readonly states: readonly string[] | undefined;
  readonly codeName: string | undefined;
}

/** The body of `/list/code`: codes by title, paged from 1; `states` and `codeName` filter. */
export function codeListBody(corpus: CodeCorpus, request: CodeListRequest, executionTime: number): object {
  const { pageNumber, pageSize, states, codeName } = request;
  const wanted = corpus.codes
    .filter((code) => states === undefined || states.includes(code.etat))
    .filter((code) => codeName === undefined || code.title.toLowerCase().includes(codeName.toLowerCase()))
    .sort((a, b) => a.title.localeCompare(b.title, 'fr'));
  return {
    executionTime,
    totalResultNumber: wanted.length,
    results: wanted.slice((pageNumber - 1) * pageSize, pageNumber * pageSize).map((code) => ({
      id: code.id,
      cid: code.cid,
      titre: code.title,
      etat: code.etat,
      lastUpdate: searchDate(corpus.lastUpdate(code)),
      dateDebut: searchDate(code.dateDebutVersion),
      dateFin: searchDate(code.dateFinVersion),
      pdfFileName: null,
      pdfFileSize: null,
      pdfFilePath: null,
    })),
    states: facet(
      'ETAT',
      'etat',
      counts(wanted, (code) => code.etat),
    ),
    codeNames: facet(
      'NOM_CODE',
      'titre',
      counts(wanted, (code) => code.title),
    ),
  };
}

/** A facet, as in searches and lists: the number of results for each value. */
export function facet(facetElem: string, field: string, values: Readonly<Record<string, number>>): object {
  return { facetElem, field, values, childs: {}, totalElement: 0 };
}

function counts(codes: readonly Code[], keyOf: (code: Code) => string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const code of codes) values[keyOf(code)] = (values[keyOf(code)] ?? 0) + 1;
  return values;
}
