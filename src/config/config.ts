import type { assemble, assembleParts } from './assemble.ts';

/** The configuration of every command. Each group has the name of the code that uses it. */
export type BaseConfig = ReturnType<typeof assemble>;

type PartialConfig = ReturnType<typeof assembleParts>;

/** The name of a part that only some commands need. */
export type Need = keyof PartialConfig;

/** The parts, if all of their settings are there. */
type ConfigParts = { readonly [N in Need]: NonNullable<PartialConfig[N]> };

/** The whole configuration. The parts in `N` are always there. */
export type Config<N extends Need = never> = BaseConfig &
  Pick<ConfigParts, N> & { readonly [P in Need]?: PartialConfig[P] };
