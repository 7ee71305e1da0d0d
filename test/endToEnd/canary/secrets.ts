import type { Canary } from '../../support/canaries/needles.ts';

/** Characters that URLs and JSON encode. White space is not permitted in our settings. */
const ODD = '"\\+/é%&=~$@:';
/** Headers of gRPC take ASCII only, but may have spaces. */
const ODD_ASCII = ' "\\ +/%&=~$@:';

/** The secrets of the stack, each with a mark that occurs nowhere else. */
export const SECRETS = {
  pisteSecret: `pistecanary${ODD}4f1d9c07b2e6`,
  databasePassword: `databasecanary${ODD}c83b5e1f7a90`,
  temporalKey: `temporalcanary${ODD_ASCII}e26a0d94b7f1`,
  jwtSecret: 'jwtsecretcanary7d0c4e9ab1f35826',
  tokenPrefix: 'tokencanary91e6c3f8-',
} as const;

/** Credentials that are refused: a message about a refusal is where they would be repeated. */
export const WRONG_SECRETS = {
  pisteSecret: `wrongpistecanary${ODD}0b7e4d2c9f18`,
  databasePassword: `wrongdatabasecanary${ODD}61f0a8d3e5c9`,
  serviceKey: 'sb_secret_wrongservicecanary5c1e8a70d3b9',
  temporalKey: `wrongtemporalcanary${ODD_ASCII}a94d0e7c2b6f`,
} as const;

/** What must be found nowhere. */
export function canariesOf(generated: {
  readonly serviceKey: string;
  readonly superuserPassword: string;
}): Canary[] {
  const { serviceKey, superuserPassword } = generated;
  return [
    ...Object.entries(SECRETS).map(([name, value]) => ({ name, value })),
    ...Object.entries(WRONG_SECRETS).map(([name, value]) => ({ name: `wrong ${name}`, value })),
    // The first two parts of a JWT are the same in every project.
    { name: 'serviceKey', value: serviceKey, parts: [serviceKey.split('.')[2] ?? serviceKey] },
    { name: 'superuserPassword', value: superuserPassword, parts: [superuserPassword] },
  ];
}
