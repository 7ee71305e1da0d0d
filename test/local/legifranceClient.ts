import type { SimulatorOptions } from '../../local/legifrance/options.ts';
import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';

/** A parsed JSON object; tests pick from it what they check. */
export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

export interface Client {
  readonly simulator: Simulator;
  /** A POST with a live token, unless `authorization` says otherwise; null sends none. */
  readonly post: (path: string, body: unknown, authorization?: string | null) => Promise<Answer>;
  readonly token: () => Promise<string>;
}

export const CRPA = 'LEGITEXT000031366350';

/** Starts a simulator for one test, without real codes unless asked for, and closes it whatever happens. */
export async function withSimulator(
  options: SimulatorOptions,
  run: (client: Client) => Promise<void>,
): Promise<void> {
  const simulator = await createSimulator({ codes: [], rate: 10_000, ...options });
  try {
    await run(createClient(simulator));
  } finally {
    await simulator.close();
  }
}

export function createClient(simulator: Simulator): Client {
  let first: Promise<string> | undefined;
  const token = async () => (await askToken(simulator, {})).body['access_token'] as string;
  return {
    simulator,
    token,
    post: async (path, body, authorization) => {
      first ??= token();
      const header = authorization === undefined ? `Bearer ${await first}` : authorization;
      const response = await fetch(simulator.apiUrl + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(header === null ? {} : { authorization: header }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      return answerOf(response);
    },
  };
}

/** Asks for a token with the default credentials, changed by `form`. */
export async function askToken(
  simulator: Simulator,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'legisync-local',
    client_secret: 'legisync-local-secret',
    scope: 'openid',
    ...form,
  });
  return answerOf(
    await fetch(simulator.tokenUrl, { method: 'POST', body, signal: AbortSignal.timeout(10_000) }),
  );
}

/** A search for one value; `recherche` overrides its parts. */
export function searchFor(fond: string, valeur: string, recherche: Json = {}, typeChamp = 'ALL'): Json {
  const criteres = [{ typeRecherche: 'TOUS_LES_MOTS_DANS_UN_CHAMP', valeur, operateur: 'ET' }];
  return {
    fond,
    recherche: {
      champs: [{ typeChamp, operateur: 'ET', criteres }],
      filtres: [],
      operateur: 'ET',
      pageNumber: 1,
      pageSize: 100,
      sort: 'DATE_ASC',
      typePagination: 'DEFAUT',
      ...recherche,
    },
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: Json = {};
  try {
    body = JSON.parse(text) as Json;
  } catch {
    // Some answers are meant not to be JSON; their tests look at the text.
  }
  return { status: response.status, headers: response.headers, text, body };
}
