/**
 * An object whose attributes tell when they change, as those of WhatsApp Web do. Listeners are called synchronously; one that
 * throws does not keep the others from being called. What is private stays out of JSON, which has to be free of circles.
 */
export class Model {
  #listeners = new Map();
  #attributes = [];
  #collection;

  constructor(attributes = {}) {
    for (const [name, value] of Object.entries(attributes)) this.#define(name, value);
  }

  /** @param names events, separated by spaces */
  on(names, listener) {
    for (const name of names.split(' ')) {
      this.#listeners.set(name, (this.#listeners.get(name) ?? new Set()).add(listener));
    }
    return this;
  }

  off(names, listener) {
    for (const name of names.split(' ')) this.#listeners.get(name)?.delete(listener);
    return this;
  }

  once(names, listener) {
    const once = (...values) => {
      this.off(names, once);
      listener(...values);
    };
    return this.on(names, once);
  }

  trigger(name, ...values) {
    for (const listener of Array.from(this.#listeners.get(name) ?? [])) {
      try {
        listener(...values);
      } catch (error) {
        console.error('A listener threw', name, error);
      }
    }
    this.#collection?.trigger(name, ...values);
  }

  hasListener(name) {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  /** From now on the collection tells of this model's events as well. */
  joinCollection(collection) {
    this.#collection = collection;
  }

  set(attributes) {
    for (const [name, value] of Object.entries(attributes)) {
      if (this.#attributes.includes(name)) this[name] = value;
      else this.#define(name, value);
    }
  }

  serialize() {
    return Object.fromEntries(this.#attributes.map((name) => [name, this[name]]));
  }

  toJSON() {
    return this.serialize();
  }

  #define(name, first) {
    let value = first;
    this.#attributes.push(name);
    Object.defineProperty(this, name, {
      enumerable: true,
      configurable: true,
      get: () => value,
      set: (next) => {
        const former = value;
        value = next;
        if (former === next) return;
        this.trigger(`change:${name}`, this, next, former);
        this.trigger('change', this);
      },
    });
  }
}

/** Models by the `_serialized` of their id, oldest first; tells of "add" and of what its models tell. */
export class Collection extends Model {
  #models = new Map();

  get(id) {
    return this.#models.get(typeof id === 'string' ? id : id?._serialized);
  }

  add(model) {
    model.joinCollection(this);
    this.#models.set(model.id._serialized, model);
    this.trigger('add', model);
    return model;
  }

  /** Only to save memory: it is not told of. */
  forget(model) {
    this.#models.delete(model.id._serialized);
  }

  get length() {
    return this.#models.size;
  }

  getModelsArray() {
    return [...this.#models.values()];
  }

  async find(id) {
    return this.get(id);
  }

  async getMessagesById(ids) {
    return { messages: ids.map((id) => this.get(id)).filter(Boolean) };
  }
}
