import { z } from 'zod';

/**
 * The codes in the npm package `@socialgouv/legi-data`: travail, sécurité sociale, rural, relations
 * public-administration.
 */
const LEGI_DATA_CODES = [
  'LEGITEXT000006072050',
  'LEGITEXT000006073189',
  'LEGITEXT000022197698',
  'LEGITEXT000031366350',
] as const;

/**
 * Ten times the real fond's daily growth for a century. With more, the typed arrays of indices
 * would exceed 16 MB.
 */
export const MAX_DECISIONS = 4_000_000;

const isoDay = z.iso.date();

const syntheticCode = z.strictObject({
  /** `LEGITEXT` and 12 digits; must differ from every other code. */
  id: z.string().regex(/^LEGITEXT\d{12}$/),
  title: z.string().min(1).max(200),
  /** Articles in the code, kept in memory: 1 to 20,000. */
  articles: z.int().min(1).max(20_000),
  /** How many of them, from the first, mention "urbanisme". Default 0. */
  urbanisme: z.int().min(0).default(0),
});

export const latencySchema = z.strictObject({
  /** Added to every answer of the API, in ms. Default 0. */
  fixedMs: z.number().min(0).max(60_000).default(0),
  /** Upper bound of a uniform random addition, in ms. Default 0. */
  jitterMs: z.number().min(0).max(60_000).default(0),
});

/**
 * Requests in any sliding second. The published limit is 20; the maximum only keeps the throttle's
 * window small.
 */
export const rateSchema = z.int().min(1).max(100_000);

/** Seconds announced in `Retry-After`, or null for a 429 without that header. */
export const retryAfterSchema = z.int().min(0).max(3600).nullable();

export const tokenLifetimeSchema = z.int().min(1).max(86_400);

/** Number of decisions that one call may add. */
export const addedDecisionsSchema = z.int().min(1).max(1_000_000);

const optionsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes a free port. */
  port: z.int().min(0).max(65_535).default(0),
  clientId: z.string().min(1).default('legisync-local'),
  clientSecret: z.string().min(1).default('legisync-local-secret'),
  /** Lifetime of an access token in seconds, 1 to 86,400. PISTE uses `expires_in: 3600`. */
  tokenLifetimeSeconds: tokenLifetimeSchema.default(3600),
  /** Begins every access token. Default: empty. A test that looks for tokens marks them by it. */
  tokenPrefix: z
    .string()
    .regex(/^[\w-]{0,40}$/)
    .default(''),
  /** Real codes to load. All four take about 110 MB of memory outside the heap, and two seconds. */
  codes: z.array(z.enum(LEGI_DATA_CODES)).default([...LEGI_DATA_CODES]),
  syntheticCodes: z.array(syntheticCode).max(20).default([]),
  /** Number of generated CETAT decisions at the start, 0 to 1,000,000. */
  decisions: z.int().min(0).max(1_000_000).default(0),
  /** Decisions are spread evenly over these days, both included. */
  decisionDates: z
    .strictObject({ start: isoDay, end: isoDay })
    .refine(({ start, end }) => start <= end, 'decisionDates.start must not be after decisionDates.end')
    .default({ start: '2005-01-03', end: '2024-12-31' }),
  /**
   * Share of the decisions that mention "urbanisme", 0 to 1. 51,531 of 569,270 real ones do: 9 %.
   */
  urbanismeShare: z.number().min(0).max(1).default(0.09),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  rate: rateSchema.default(20),
  retryAfterSeconds: retryAfterSchema.default(null),
  latency: latencySchema.default({ fixedMs: 0, jitterMs: 0 }),
  /** Reach of one query, in results and in pages; beyond either, the page wall applies. */
  maxReachableResults: z.int().min(1).default(10_000),
  maxPages: z.int().min(1).default(100),
  /**
   * Answer beyond the reach. The real one is not documented, so it is configurable. Default: HTTP
   * 500.
   */
  pageWall: z.enum(['error500', 'error400', 'empty']).default('error500'),
  /**
   * Answer to a `pageSize` above 100: HTTP 400, or pages of 100. Default: reject, the stricter
   * assumption.
   */
  oversizePage: z.enum(['reject', 'clamp']).default('reject'),
});

/** Options of {@link createSimulator}; all have defaults. */
export type SimulatorOptions = z.input<typeof optionsSchema>;
/** Options with all defaults. */
export type Settings = z.output<typeof optionsSchema>;
export type Latency = z.output<typeof latencySchema>;
export type SyntheticCode = z.output<typeof syntheticCode>;

/**
 * Checks options and adds the defaults.
 *
 * @throws Error that lists every wrong option at once.
 */
export function parseOptions(options: SimulatorOptions): Settings {
  const parsed = optionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new Error(
    `The Légifrance simulator cannot start with these options:\n${z.prettifyError(parsed.error)}\n` +
      'Run `node local/legifrance/main.ts --help` for the options and their bounds.',
  );
}
