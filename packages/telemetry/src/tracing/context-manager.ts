import type { EventEmitter } from "node:events";
import type { Context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

type Emit = EventEmitter["emit"];
type Any = (...args: unknown[]) => unknown;

/** The context in which the listeners of an emitter run, and the `emit` that the emitter had before. */
interface Binding {
  readonly context: Context;
  readonly emit: Emit;
}

const binding = Symbol("the context that is bound to this emitter");

/**
 * OpenTelemetry's context manager, which does not enter a context that is already active, and which can bind an emitter
 * at a lower cost.
 */
class AsyncContextManager extends AsyncLocalStorageContextManager {
  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    if (this.active() === context) return fn.apply(thisArg, args);
    return super.with(context, apply as Any, undefined, fn, thisArg, args) as ReturnType<F>;
  }

  /**
   * Makes all listeners of an emitter run in a context; the first context of an emitter stays. `bind` replaces eight
   * methods of an emitter, and wraps each listener that is added later. This method replaces `emit`, so
   * `removeListener` works unchanged. It is for an object of one request, because it also affects the listeners that
   * the object already has.
   */
  bindEmitter(context: Context, emitter: EventEmitter & { [binding]?: Binding }): void {
    if (emitter[binding]) return;
    emitter[binding] = { context, emit: emitter.emit };
    emitter.emit = emitInContext;
  }
}

/** The context manager of this process. */
export const contextManager = new AsyncContextManager();

function emitInContext(this: EventEmitter & { [binding]?: Binding }, ...args: Parameters<Emit>): boolean {
  const { context, emit } = this[binding] as Binding;
  return contextManager.with(context, emit as (...args: unknown[]) => boolean, this, ...args);
}

const apply = (fn: Any, thisArg: unknown, args: unknown[]): unknown => fn.apply(thisArg, args);
