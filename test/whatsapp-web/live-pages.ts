import type { LinkedDevice } from './linked-devices.ts';
import type { PageConnection } from './page-connection.ts';

/** Which pages are connected right now, and which of them is whose. */
export class LivePages {
  readonly #all = new Set<PageConnection>();
  readonly #byDevice = new Map<LinkedDevice, PageConnection>();
  readonly #devices = new Map<PageConnection, LinkedDevice>();

  get count(): number {
    return this.#all.size;
  }

  add(connection: PageConnection) {
    this.#all.add(connection);
  }

  /** Makes the connection the device's; one device has one connection, so the former is given back to be ended. */
  bind(device: LinkedDevice, connection: PageConnection): PageConnection | undefined {
    const former = this.connectionOf(device);
    this.#byDevice.set(device, connection);
    this.#devices.set(connection, device);
    return former;
  }

  deviceOf(connection: PageConnection): LinkedDevice | undefined {
    return this.#devices.get(connection);
  }

  connectionOf(device: LinkedDevice): PageConnection | undefined {
    const connection = this.#byDevice.get(device);
    return connection?.isOpen ? connection : undefined;
  }

  remove(connection: PageConnection) {
    this.#all.delete(connection);
    const device = this.#devices.get(connection);
    this.#devices.delete(connection);
    if (device && this.#byDevice.get(device) === connection) this.#byDevice.delete(device);
  }

  dropAll() {
    for (const connection of this.#all) connection.drop();
  }
}
