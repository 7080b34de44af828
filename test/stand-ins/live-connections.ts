/** What is asked of a connection that can be a device's. */
interface LiveConnection {
  readonly isOpen: boolean;
  drop(): void;
}

/** Who is connected right now: all connections, and which of them is whose. */
export class LiveConnections<Device, Connection extends LiveConnection> {
  readonly #all = new Set<Connection>();
  readonly #byDevice = new Map<Device, Connection>();
  readonly #devices = new Map<Connection, Device>();

  get count(): number {
    return this.#all.size;
  }

  add(connection: Connection) {
    this.#all.add(connection);
  }

  /** Makes the connection the device's; one device has one connection, so the former is given back to be ended. */
  bind(device: Device, connection: Connection): Connection | undefined {
    const former = this.connectionOf(device);
    this.#byDevice.set(device, connection);
    this.#devices.set(connection, device);
    return former;
  }

  deviceOf(connection: Connection): Device | undefined {
    return this.#devices.get(connection);
  }

  connectionOf(device: Device): Connection | undefined {
    const connection = this.#byDevice.get(device);
    return connection?.isOpen ? connection : undefined;
  }

  remove(connection: Connection) {
    this.#all.delete(connection);
    const device = this.#devices.get(connection);
    this.#devices.delete(connection);
    if (device && this.#byDevice.get(device) === connection) this.#byDevice.delete(device);
  }

  dropAll() {
    for (const connection of this.#all) connection.drop();
  }
}
