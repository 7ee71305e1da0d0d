import type { Decision } from '../corpus/decisions.ts';
import { isoDayOf } from '../corpus/dates.ts';
import { DecisionWriter } from '../corpus/decisionText.ts';
import { createRandom, hash } from '../corpus/random.ts';

/** Salt of the texts; the metadata have others. */
const TEXT_SALT = 11;
/**
 * Placeholders for the two texts in the rendered metadata; no generated field contains such
 * characters.
 */
const PLAIN = '\u0001plain\u0001';
const HTML = '\u0001html\u0001';
const PLAIN_IN_JSON = JSON.stringify(PLAIN).slice(1, -1);
const HTML_IN_JSON = JSON.stringify(HTML).slice(1, -1);

/** Renders answers of `/consult/juri`. */
export class DecisionAnswers {
  readonly #seed: number;
  readonly #writer: DecisionWriter;

  constructor(seed: number) {
    this.#seed = seed;
    this.#writer = new DecisionWriter(seed);
  }

  /**
   * The whole answer. The same decision and revision give the same bytes, except for
   * `executionTime`.
   */
  body(decision: Decision, executionTime: number): Buffer {
    const random = createRandom(hash(this.#seed, decision.index, TEXT_SALT));
    const text = this.#writer.write(random, decision.urbanisme, opening(decision), closing(decision));
    const rendered = JSON.stringify({ executionTime, dereferenced: false, text: simpleText(decision) });
    const plainAt = rendered.indexOf(PLAIN_IN_JSON);
    const htmlAt = rendered.indexOf(HTML_IN_JSON);
    return Buffer.concat([
      Buffer.from(rendered.slice(0, plainAt)),
      ...text.plain,
      Buffer.from(rendered.slice(plainAt + PLAIN_IN_JSON.length, htmlAt)),
      ...text.html,
      Buffer.from(rendered.slice(htmlAt + HTML_IN_JSON.length)),
    ]);
  }
}

/** The classification line at the start of an abstract. */
export function abstractOf(decision: Decision): string {
  return decision.urbanisme
    ? "CETAT68-03 URBANISME ET AMÉNAGEMENT DU TERRITOIRE. - AUTORISATIONS D'UTILISATION DES SOLS - RÉGIME DE LA DEMANDE.<br/>"
    : 'CETAT54-01 PROCÉDURE. - INTRODUCTION DE LA REQUÊTE - RECEVABILITÉ - EXISTENCE.<br/>';
}

function opening(decision: Decision): string {
  const subject = decision.urbanisme
    ? "la décision relative à l'aménagement du territoire communal et aux règles d'urbanisme applicables à sa parcelle"
    : 'la décision par laquelle sa réclamation a été rejetée';
  return (
    `Vu la procédure suivante : Par une requête n° ${decision.number}, enregistrée avant le ${isoDayOf(decision.date)}, ` +
    `la partie requérante demande au juge d'annuler ${subject}.`
  );
}

function closing(decision: Decision): string {
  const correction = decision.revision === 0 ? '' : ` Rectification simulée n° ${decision.revision}.`;
  return `D E C I D E : Article 1er : La requête n° ${decision.number} est rejetée.${correction}`;
}

/** All keys of a real `TexteSimple` for the fond CETAT, in the same order. Dates are epoch ms. */
function simpleText(decision: Decision): object {
  const { id, title, number, court, courtKind, chamber, date, depositDate } = decision;
  const day = isoDayOf(date);
  const plan = decision.urbanisme
    ? 'CETANOME000008361640-CETANOME000008361844'
    : 'CETANOME000008361640-CETANOME000008361812';
  return {
    ...nulls('id idEli idEliAlias'),
    id,
    origine: 'CETAT',
    nature: 'Texte',
    cid: null,
    num: number,
    ...nulls('numeroBo numParution'),
    juridiction: court,
    natureJuridiction: courtKind,
    solution: null,
    numeroAffaire: [],
    ...nulls('numsequence nor natureQualifiee natureDelib datePubli datePubliComputed'),
    dateTexte: date,
    dateTexteComputed: date,
    ...nulls('dateDerniereModif originePubli'),
    publicationRecueil: courtKind === 'CONSEIL_ETAT' ? 'B' : 'C',
    formation: chamber,
    ...nulls('provenance decisionAttaquee siegeAppel president avocatGl avocats'),
    rapporteur: 'Mme R...',
    commissaire: null,
    // Courts of appeal often have none.
    ecli:
      courtKind === 'CONSEIL_ETAT'
        ? `ECLI:FR:CECHR:${day.slice(0, 4)}:${number}.${day.replaceAll('-', '')}`
        : null,
    version: null,
    titre: title,
    titreLong: title,
    ...nulls(
      'titreJo lienJo numTexteJo idTexteJo numJo dateJo idConteneur urlCC etat dateDebut dateFin autorite',
    ),
    ...nulls('ministere emetteur appliGeo'),
    codesNomenclatures: [],
    ...nulls('renvoi visas visasHtml signataires signatairesHtml signataireKali travauxPreparatoires'),
    ...nulls('travauxPreparatoiresHtml nota notaHtml'),
    texte: PLAIN,
    texteHtml: HTML,
    sommaire: [
      {
        id: '9A',
        abstrats: null,
        resumePrincipal: `${abstractOf(decision).slice(5, 10)} Résumé simulé.`,
        autreResume: null,
      },
      { id: '8A', abstrats: abstractOf(decision), resumePrincipal: null, autreResume: null },
    ],
    titrages: [plan],
    titragesKey: [{ id: plan }],
    natureNumero: `Texte ${number}`,
    dateVersement: depositDate,
    citationJp: '',
    citationJpHtml: '',
    liens: [],
    ...nulls(
      'annePublicationBulletin numeroPublicationBulletin typePublicationBulletin notice noticeHtml inap typeTexte',
    ),
    motsCles: [],
    appellations: [],
    dossiersLegislatifs: [],
    relevantDate: date,
    ...nulls(
      'typeDecision typeControleNormes numLoiDef dateLoiDef titreLoiDef juridictionJudiciaire conditionDiffere',
    ),
    conteneurs: [],
    refInjection: `IG-${isoDayOf(depositDate).replaceAll('-', '')}${decision.revision === 0 ? '' : `-R${decision.revision}`}`,
    idTechInjection: id,
    ...nulls('resume resumeHtml rectificatif observations'),
    ancienId: `JG_L_${day.slice(0, 4)}_${day.slice(5, 7)}_${number}`,
    ...nulls(
      'demandeur pagePdf infosRestructurationBranche infosRestructurationBrancheHtml descriptionFusion',
    ),
    ...nulls('descriptionFusionHtml infosComplementaires infosComplementairesHtml notaSectionsAafficher'),
  };
}

function nulls(keys: string): Record<string, null> {
  return Object.fromEntries(keys.split(' ').map((key) => [key, null]));
}
