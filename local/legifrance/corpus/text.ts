import { pick, type Random } from './random.ts';

/**
 * Invented French in the style of administrative decisions. Only the lists named URBANISME contain
 * the word "urbanisme": the simulator must know whether a document contains it without generating
 * the text.
 */
const WHO = [
  'la société Les Tilleuls',
  "l'association des riverains du canal",
  'Mme A...',
  'M. B...',
  'la commune de Valbrune',
  'le préfet du département',
  'le ministre chargé des comptes publics',
  "l'établissement hospitalier de Rivemont",
  'le syndicat intercommunal des eaux de la Moselotte',
  'la régie des transports de Clairefond',
  'la chambre régionale des métiers',
  "l'union locale des commerçants",
];
const VERB = [
  'soutient que',
  'fait valoir que',
  'expose, sans être sérieusement contredite, que',
  'persiste à affirmer que',
  'admet dans ses dernières écritures que',
  'relève au surplus que',
  'oppose en défense que',
];
const WHAT = [
  "la délibération attaquée n'a pas été précédée d'une information suffisante des élus",
  "l'arrêté en litige repose sur des faits dont l'exactitude matérielle n'est pas établie",
  'le délai de recours a commencé à courir à la date de la publication au recueil des actes',
  'la créance invoquée était prescrite au jour de la réclamation préalable',
  "le contrat a été conclu au terme d'une procédure de mise en concurrence régulière",
  "la sanction prononcée n'est pas proportionnée à la gravité des manquements constatés",
  "l'avis de la commission consultative a été rendu dans une composition irrégulière",
  "les travaux réalisés n'ont pas permis de remédier aux désordres constatés par l'expert",
  "l'agent avait été informé de son droit à obtenir communication de son dossier",
  "le montant de l'indemnité doit être fixé à la somme retenue par les premiers juges",
  'la décision implicite de rejet est née du silence gardé pendant deux mois',
  "l'autorité compétente s'est estimée liée par la position du service instructeur",
];
const BECAUSE = [
  'ainsi que cela ressort des pièces versées au dossier',
  "dès lors qu'aucun élément nouveau n'a été produit en appel",
  'sans que cette circonstance ait eu une incidence sur le sens de la décision',
  'eu égard à la nature et à la durée des opérations en cause',
  "alors même que l'administration disposait d'une marge d'appréciation",
  "compte tenu de l'ensemble des circonstances de l'espèce",
  "au vu notamment du rapport remis par l'expert désigné en référé",
  'nonobstant les attestations établies postérieurement aux faits',
];
const THEREFORE = [
  "Il s'ensuit que le moyen doit être écarté.",
  'Par suite, la requérante est fondée à demander la réformation du jugement.',
  "Dans ces conditions, il n'y a pas lieu d'ordonner une nouvelle mesure d'instruction.",
  'Dès lors, la fin de non-recevoir opposée en défense ne peut être accueillie.',
  'Il résulte de ce qui précède que les conclusions indemnitaires doivent être rejetées.',
  "La cour estime, en l'état du dossier, que la preuve contraire n'est pas rapportée.",
];
const URBANISME_WHAT = [
  "le plan local d'urbanisme classe la parcelle en zone naturelle sans erreur manifeste d'appréciation",
  "le certificat d'urbanisme délivré à la date du dépôt cristallisait les règles alors applicables",
  "le permis de construire méconnaît le règlement d'urbanisme relatif aux hauteurs et aux reculs",
  "l'enquête publique préalable à la révision du document d'urbanisme s'est déroulée dans les formes prévues",
  "le droit de préemption institué en matière d'urbanisme a été exercé sans projet réel",
];

/** Words that every generated decision contains, folded. */
export const COMMON_WORDS: ReadonlySet<string> = new Set(['requete', 'decision', 'juge', 'article']);
/** Words that exactly the decisions about urbanisme contain, folded. */
export const URBANISME_WORDS: ReadonlySet<string> = new Set(['urbanisme', 'amenagement', 'territoire']);
/** Words of a legal text too common to select anything, folded; a search engine drops them. */
export const STOP_WORDS: ReadonlySet<string> = new Set([
  'a',
  'au',
  'd',
  'de',
  'des',
  'du',
  'en',
  'et',
  'l',
  'la',
  'le',
  'les',
]);

/** One paragraph of three to nine sentences, 500 to 2,000 characters. */
export function paragraph(random: Random, urbanisme: boolean): string {
  const sentences: string[] = [];
  const count = 3 + Math.floor(random() * 7);
  for (let i = 0; i < count; i += 1) {
    const what = urbanisme && i === 0 ? pick(random, URBANISME_WHAT) : pick(random, WHAT);
    const who = pick(random, WHO);
    sentences.push(
      `${who.charAt(0).toUpperCase()}${who.slice(1)} ${pick(random, VERB)} ${what}, ${pick(random, BECAUSE)}.`,
    );
  }
  sentences.push(pick(random, THEREFORE));
  return sentences.join(' ');
}
