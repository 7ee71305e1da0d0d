import { z } from 'zod';

/** What `.env.example` and the documentation say of a setting; the only place where it is said. */
export interface SettingDoc {
  /** The heading it stands under. */
  readonly section: Section;
  readonly about: string;
  /** The text that applies where it is not set; absent: there is none. */
  readonly default?: string;
  readonly unit?: string;
  readonly bounds?: string;
  /** What another value than the default costs. */
  readonly change?: string;
  /** The part of the configuration that cannot be without it. */
  readonly neededFor?: string;
  /** Never shown. */
  readonly secret?: boolean;
}

/** The headings, in their order. */
export const SECTIONS = [
  'Légifrance behind PISTE',
  'Supabase',
  'What is collected',
  'MASSIVE',
  'MAINTENANCE',
  'Backfill and coherence',
  'Quota of the API',
  'Worker',
] as const;

type Section = (typeof SECTIONS)[number];

/** The documentation of every rule that was made by the functions below. */
export const settingDocs = z.registry<SettingDoc>();

/** A setting that always has a value. */
export function preset<R extends z.ZodType<unknown, string>>(
  rule: R,
  doc: SettingDoc & { readonly default: string },
) {
  const withDefault = rule.prefault(doc.default as z.input<R>);
  settingDocs.add(withDefault, doc);
  return withDefault;
}

/** A setting that may be absent; `neededFor` says when it may not. */
export function optional<R extends z.ZodType<unknown, string>>(rule: R, doc: SettingDoc) {
  const maybe = rule.optional();
  settingDocs.add(maybe, doc);
  return maybe;
}
