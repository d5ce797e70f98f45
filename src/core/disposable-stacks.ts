/**
 * What `DisposableStack` and `AsyncDisposableStack` of ECMAScript do, as far as this project needs it: the language has
 * them from Node 24 on, and what is built runs on Node 22 too.
 */
export class DisposableStack implements Disposable {
  #actions: (() => void)[] = [];

  use<T extends Disposable>(resource: T): T {
    this.#actions.push(() => resource[Symbol.dispose]());
    return resource;
  }

  defer(action: () => void): void {
    this.#actions.push(action);
  }

  /** Runs the actions, the newest first; a second time there are none. @throws AggregateError of what they threw. */
  dispose(): void {
    const errors: unknown[] = [];
    for (let action = this.#actions.pop(); action; action = this.#actions.pop()) {
      try {
        action();
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type Closing = () => unknown;

export class AsyncDisposableStack implements AsyncDisposable {
  #actions: Closing[] = [];

  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    const closing = Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose] : resource[Symbol.dispose];
    this.#actions.push(() => closing.call(resource));
    return resource;
  }

  defer(action: Closing): void {
    this.#actions.push(action);
  }

  /** Hands all that there is to a new stack; this one is empty afterwards. */
  move(): AsyncDisposableStack {
    const moved = new AsyncDisposableStack();
    moved.#actions = this.#actions;
    this.#actions = [];
    return moved;
  }

  /** Runs the actions one after the other, the newest first. @throws AggregateError of what they threw. */
  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (let action = this.#actions.pop(); action; action = this.#actions.pop()) {
      try {
        await action();
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, "several things could not be closed");
}
