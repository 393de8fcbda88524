/**
 * Disposes of what it was given, the last first, also if one of them fails. Node.js 22 has no
 * AsyncDisposableStack.
 */
export class Disposables implements AsyncDisposable {
  readonly #held: (AsyncDisposable | Disposable)[] = [];

  use<T extends AsyncDisposable | Disposable>(one: T): T {
    this.#held.push(one);
    return one;
  }

  /** @throws the first error of those that it disposes of */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const one of this.#held.splice(0).toReversed()) {
      try {
        if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
        else one[Symbol.dispose]();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
