import type { CodeCorpus } from '../corpus/codes.ts';
import type { Article, Code, Section } from '../corpus/codeTree.ts';
import { isoDayOf } from '../corpus/dates.ts';

interface Kept {
  readonly changes: number;
  /** The rest of the body, after `executionTime`. */
  readonly rest: Buffer;
}

/**
 * Tables of contents for `/consult/legi/tableMatieres`: nested sections, and articles without
 * content; dates are `YYYY-MM-DD`. The largest has 12 MB, so each is rendered once and cached until
 * its code changes.
 */
export class TablesOfContents {
  readonly #corpus: CodeCorpus;
  readonly #kept = new Map<string, Kept>();

  constructor(corpus: CodeCorpus) {
    this.#corpus = corpus;
  }

  /** The whole answer for a code. */
  body(code: Code, executionTime: number): Buffer {
    const changes = this.#corpus.changes(code);
    let kept = this.#kept.get(code.id);
    if (kept?.changes !== changes) {
      kept = { changes, rest: Buffer.from(JSON.stringify(this.#text(code)).slice(1)) };
      this.#kept.set(code.id, kept);
    }
    return Buffer.concat([Buffer.from(`{"executionTime":${executionTime},`), kept.rest]);
  }

  #text(code: Code): object {
    const lastUpdate = this.#corpus.lastUpdate(code);
    return {
      dereferenced: false,
      id: code.id,
      idConteneur: null,
      cid: code.cid,
      title: code.title,
      nor: null,
      jorfText: null,
      jurisState: code.etat,
      jurisDate: lastUpdate,
      visa: null,
      modifDate: lastUpdate,
      dateDebutVersion: code.dateDebutVersion,
      dateFinVersion: code.dateFinVersion,
      signers: null,
      prepWork: null,
      dateParution: null,
      dateTexte: null,
      numParution: null,
      nature: 'CODE',
      etat: code.etat,
      eli: null,
      alias: null,
      nota: null,
      notice: null,
      observations: null,
      rectificatif: null,
      resume: null,
      textNumber: null,
      pagePdf: null,
      fileName: null,
      filePath: null,
      fileSize: null,
      inap: null,
      textAbroge: false,
      motsCles: [],
      appellations: [],
      dossiersLegislatifs: [],
      liens: [],
      ...this.#children(code, code.children, ''),
    };
  }

  #children(code: Code, nodes: readonly (Section | Article)[], path: string): object {
    const sections: object[] = [];
    const articles: object[] = [];
    for (const node of nodes) {
      if (node.kind === 'section') sections.push(this.#section(code, node, path));
      else if (!this.#corpus.isRemoved(node)) articles.push(this.#article(code, node, path));
    }
    return { sections, articles };
  }

  #section(code: Code, section: Section, path: string): object {
    return {
      executionTime: 0,
      dereferenced: false,
      id: section.id,
      cid: section.cid,
      title: section.title,
      etat: section.etat,
      intOrdre: section.intOrdre,
      dateDebut: section.dateDebut,
      dateFin: section.dateFin,
      dateModif: null,
      commentaire: null,
      renvoi: null,
      renvoiNum: null,
      notaHtml: null,
      notaSectionsAafficher: null,
      sectionConsultee: false,
      ...this.#children(code, section.children, `${path}/${section.id}`),
    };
  }

  #article(code: Code, article: Article, path: string): object {
    const current = this.#corpus.current({ code, article });
    return {
      executionTime: 0,
      dereferenced: false,
      id: current.id,
      cid: current.cid,
      num: current.num,
      etat: current.etat,
      intOrdre: current.intOrdre,
      type: 'AUTONOME',
      content: null,
      dateDebut: isoDayOf(current.dateDebut),
      dateFin: isoDayOf(current.dateFin),
      articleVersion: current.version,
      versionLabel: null,
      multipleVersions: current.versions > 1,
      modificatorTitle: current.modification?.title ?? null,
      modificatorCid: current.modification?.cid ?? null,
      modificatorDate: current.modification?.date ?? null,
      path: `${path}/${current.id}`,
      pathTitle: null,
      surtitre: null,
      historique: null,
      nota: null,
      notaSectionsAafficher: null,
      renvoi: null,
      conditionDiffere: null,
      infosComplementaires: null,
      infosComplementairesHtml: null,
      infosRestructurationBranche: null,
      infosRestructurationBrancheHtml: null,
      comporteLiens: false,
      comporteLiensSP: false,
      lstLienCitation: [],
      lstLienModification: [],
    };
  }
}
