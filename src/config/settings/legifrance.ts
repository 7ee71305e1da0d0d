import { settingsOf } from '../print/docs.ts';
import { httpUrl, matching, oneOf, secret } from '../rules.ts';

const api = settingsOf('Légifrance API (PISTE)');
const quota = settingsOf('Quota of the API');

export const legifranceSettings = {
  PISTE_CLIENT_ID: api.optional(matching(/^\S+$/, 'must not contain white space'), {
    about:
      'Client id of the PISTE application that is subscribed to the Légifrance API (https://piste.gouv.fr).',
    neededFor: 'the worker',
    change: 'each application has its own quotas',
  }),
  PISTE_CLIENT_SECRET: api.optional(secret(), {
    about: 'Client secret of the same application.',
    neededFor: 'the worker',
    secret: true,
  }),
  LEGIFRANCE_API_URL: api.preset(httpUrl(), {
    about: 'Base URL of the API.',
    default: 'https://api.piste.gouv.fr/dila/legifrance/lf-engine-app',
    change: 'the sandbox (https://sandbox-api.piste.gouv.fr/…) has its own applications, data and quotas',
  }),
  LEGIFRANCE_TOKEN_URL: api.preset(httpUrl(), {
    about: 'URL that issues OAuth tokens. It must belong to the same environment as the API.',
    default: 'https://oauth.piste.gouv.fr/api/oauth/token',
    change: 'an application of the other environment gets the answer invalid_client',
  }),
};

export const quotaSettings = {
  LEGISYNC_QUOTA_PER_SECOND: quota.presetNumber(
    { default: 20, min: 1, max: 1_000 },
    {
      about: 'Requests in any sliding second, as PISTE shows it for the application.',
      unit: 'requests',
      change: 'above the real quota, the API answers 429 and the collection slows down',
    },
  ),
  LEGISYNC_QUOTA_PER_HOUR: quota.presetNumber(
    { default: 24_000, min: 1, max: 10_000_000 },
    {
      about: 'Requests in any sliding hour.',
      unit: 'requests',
      change: 'above the real quota, the API answers 429 until the hour has room again',
    },
  ),
  LEGISYNC_QUOTA_PER_DAY: quota.presetNumber(
    { default: 280_000, min: 1, max: 100_000_000 },
    {
      about: 'Requests in any sliding day. 280,000 a day are 194 a minute.',
      unit: 'requests',
      change: 'above the real quota, the API answers 429 until the day has room again',
    },
  ),
  LEGISYNC_QUOTA_RESERVE_PERCENT: quota.presetNumber(
    { default: 2, min: 0, max: 50 },
    {
      about:
        'Share of the hour and of the day that only MAINTENANCE may use: at least 110 requests of each, unless it is 0.',
      unit: 'percent',
      change: 'a higher share slows MASSIVE down by as much; with 0, MAINTENANCE may wait for half a day',
    },
  ),
  LEGISYNC_QUOTA_PACING: quota.preset(oneOf(['smooth', 'burst']), {
    about: 'How the quota of the hour is spent.',
    default: 'smooth',
    bounds: 'smooth (evenly) or burst (at full speed, then wait)',
    change: 'burst collects documents sooner and then waits; the reserve of MAINTENANCE stays the same',
  }),
};
