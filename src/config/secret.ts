import { inspect } from 'node:util';

const SHOWN = '[secret]';

/**
 * A value that cannot be printed by accident: text, JSON and `util.inspect` all show `[secret]`.
 * Only {@link Secret.reveal} returns the content, so a search for `reveal` finds every use.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The content. Pass it to the library that needs it, and store it nowhere else. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
