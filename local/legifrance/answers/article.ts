import type { CodeCorpus, Located } from '../corpus/codes.ts';
import { sectionsAbove, versionOf, type Code, type Section } from '../corpus/codeTree.ts';
import { dayNumber, DAY_MS, NO_END_DAY, NO_END_MS } from '../corpus/dates.ts';

/**
 * The `article` of `/consult/getArticle`, with all keys of a real answer, in the same order. Dates
 * are epoch ms.
 */
export function articleBody(corpus: CodeCorpus, located: Located): object {
  const { code, article } = located;
  const data = corpus.read(located);
  const sections = sectionsAbove(article);
  const parent = sections.at(-1);
  return {
    id: data.id,
    idTexte: null,
    type: 'AUTONOME',
    texte: data.texte,
    texteHtml: data.texteHtml,
    num: data.num,
    origine: 'LEGI',
    nature: 'Article',
    versionArticle: versionOf(data),
    etat: data.etat,
    dateDebut: data.dateDebut,
    dateFin: data.dateFin,
    dateDebutExtension: data.dateDebutExtension,
    dateFinExtension: data.dateFinExtension,
    inap: null,
    ordre: data.intOrdre,
    context: contextOf(code, sections),
    cid: data.cid,
    cidTexte: null,
    sectionParentCid: parent?.cid ?? null,
    sectionParentId: parent?.id ?? null,
    sectionParentTitre: parent?.title ?? null,
    // The API sends the path as HTML: the separator is an escaped ">".
    fullSectionsTitre: sections.map((section) => section.title).join(' &gt; '),
    refInjection: `IG-${corpus.lastUpdate(code).replaceAll('-', '')}`,
    idTechInjection: data.id,
    idEli: null,
    idEliAlias: null,
    calipsos: [],
    textTitles: [textTitle(code)],
    nota: data.nota,
    notaHtml: data.notaHtml,
    activitePro: [],
    numeroBrochure: [],
    numeroBo: null,
    conteneurs: [],
    lienModifications: data.lienModifications,
    lienCitations: [],
    lienConcordes: [],
    lienAutres: [],
    articleVersions: data.articleVersions,
    computedNums: data.num === null ? [] : [data.num],
    versionPrecedente: data.articleVersions.at(-2)?.id ?? null,
    conditionDiffere: null,
    historique: null,
    surtitre: null,
    renvoi: null,
    infosComplementaires: null,
    infosComplementairesHtml: null,
    infosRestructurationBranche: null,
    infosRestructurationBrancheHtml: null,
  };
}

function contextOf(code: Code, sections: readonly Section[]): object {
  return {
    titresTM: sections.map((section, depth) => ({
      debut: section.dateDebut,
      fin: section.dateFin,
      titre: section.title,
      xPath: `/ARTICLE/CONTEXTE/TEXTE${'/TM'.repeat(depth + 1)}/TITRE_TM`,
      cid: section.cid,
      id: section.id,
      etat: section.etat,
    })),
    nombreVersionParent: 1,
    // Real answers: 50 for six levels of sections, 38 for two.
    longeurChemin: 32 + 3 * sections.length,
    titreTxt: [
      {
        debut: code.dateDebutVersion,
        fin: NO_END_DAY,
        titre: code.title,
        xPath: '/ARTICLE/CONTEXTE/TEXTE/TITRE_TXT',
        cid: code.cid,
        id: code.id,
        etat: code.etat,
      },
    ],
  };
}

function textTitle(code: Code): object {
  return {
    id: code.id,
    titre: code.title,
    titreLong: code.title,
    etat: code.etat,
    dateDebut: dayNumber(code.dateDebutVersion) * DAY_MS,
    dateFin: NO_END_MS,
    cid: code.cid,
    datePubli: NO_END_MS,
    datePubliComputed: null,
    dateTexte: NO_END_MS,
    dateTexteComputed: null,
    nature: 'CODE',
    nor: '',
    num: '',
    numParution: '',
    originePubli: '',
    appliGeo: null,
    codesNomenclatures: [],
    visas: null,
    nota: null,
    notice: null,
    travauxPreparatoires: null,
    signataires: null,
    dossiersLegislatifs: [],
    ancienId: null,
    appellations: null,
  };
}
