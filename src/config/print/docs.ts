import { z } from 'zod';
import { wholeNumberOf } from '../rules.ts';
import type { Bounds } from '../wholeNumber.ts';

/** What `.env.example` says about a setting. It is written here and nowhere else. */
export interface SettingDoc {
  /** The heading in `.env.example`. */
  readonly section: Section;
  readonly about: string;
  /** The text that applies if the setting is not set. Absent: there is no default. */
  readonly default?: string;
  readonly unit?: string;
  readonly bounds?: string;
  /** The cost of another value than the default. */
  readonly change?: string;
  /** What does not work without the setting. */
  readonly neededFor?: string;
  /** The value is never shown. */
  readonly secret?: boolean;
}

/** A variable of `.env.example` that another program reads. */
export interface ForeignVariable {
  readonly name: string;
  readonly about: string;
  readonly example: string;
}

/** The headings of `.env.example`, in order. */
export const SECTIONS = [
  'Légifrance API (PISTE)',
  'Supabase',
  'Collections',
  'MASSIVE',
  'MAINTENANCE',
  'Backfill and coherence',
  'Quota of the API',
  'Worker',
] as const;

type Section = (typeof SECTIONS)[number];
type Doc = Omit<SettingDoc, 'section' | 'default'>;

/** The documentation of each setting, by its rule. */
export const settingDocs = z.registry<SettingDoc>();

/** Defines the settings of one section. */
export function settingsOf(section: Section) {
  /** A setting that always has a value. */
  function preset<R extends z.ZodType<unknown, string>>(rule: R, doc: Doc & { readonly default: string }) {
    const withDefault = rule.prefault(doc.default as z.input<R>);
    settingDocs.add(withDefault, { ...doc, section });
    return withDefault;
  }

  return {
    preset,

    /** A whole number that always has a value. `boundsNote` explains the bounds. */
    presetNumber(
      { default: value, ...bounds }: Bounds & { readonly default: number },
      { boundsNote, ...doc }: Omit<Doc, 'bounds'> & { readonly boundsNote?: string },
    ) {
      const note = boundsNote === undefined ? '' : ` (${boundsNote})`;
      return preset(wholeNumberOf(bounds), {
        ...doc,
        default: String(value),
        bounds: `${bounds.min} to ${bounds.max}${note}`,
      });
    },

    /** A setting that may be absent. `neededFor` says when it may not. */
    optional<R extends z.ZodType<unknown, string>>(rule: R, doc: Doc) {
      const maybe = rule.optional();
      settingDocs.add(maybe, { ...doc, section });
      return maybe;
    },
  };
}
