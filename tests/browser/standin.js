// A stand-in for navigator.usb whose device is outside of the browser: an emulated programmer behind USB/IP, to which the test's
// server hands bytes on (POST /usb/out, and the open answer of /usb/in). Transfers are counted here.

/** The server of the test: where this file is from. */
const at = (path) => new URL(path, import.meta.url);

const counts = { transferIn: 0, transferOut: 0, control: 0, flying: 0, most: 0 };
globalThis.usbCounts = counts;

const SUBMIT = 1;
const UNLINK = 2;
const STALLED = -32;
const OVERFLOW = -75;

/** What a browser says to a call that comes too early or too late. */
const wrong = (text) => new DOMException(text, "InvalidStateError");
const gone = () => new DOMException("the device was disconnected", "NotFoundError");

/** The connection: commands go out in order, several in one request; answers come in a stream. */
class Wire {
  isGone = false;
  #sequence = 0;
  #waiting = new Map();
  #out = [];
  #sending = false;
  #reader = null;
  #rest = new Uint8Array();

  async open() {
    // A tab that was killed a moment ago may still have it.
    for (let tries = 0; !(await this.#import()); tries++) {
      if (tries === 50) throw new DOMException("no device", "NotFoundError");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.#exactly(312);
    this.#listen();
  }

  async #import() {
    const answer = await fetch(at("/usb/in"));
    this.#reader = answer.body.getReader();
    this.#rest = new Uint8Array();
    const request = new Uint8Array(40);
    new DataView(request.buffer).setUint32(0, 0x01118003);
    request.set(new TextEncoder().encode("1-1"), 8);
    this.#send(request);
    const head = await this.#exactly(8);
    return new DataView(head.buffer, head.byteOffset).getUint32(4) === 0;
  }

  #send(bytes) {
    this.#out.push(bytes);
    if (!this.#sending) {
      this.#sending = true;
      queueMicrotask(() => this.#drain());
    }
  }

  async #drain() {
    while (this.#out.length > 0) await fetch(at("/usb/out"), { method: "POST", body: new Blob(this.#out.splice(0)) });
    this.#sending = false;
  }

  async #exactly(length) {
    while (this.#rest.byteLength < length) {
      const { value, done } = await this.#reader.read();
      if (done) throw gone();
      const joined = new Uint8Array(this.#rest.byteLength + value.byteLength);
      joined.set(this.#rest);
      joined.set(value, this.#rest.byteLength);
      this.#rest = joined;
    }
    const part = this.#rest.slice(0, length);
    this.#rest = this.#rest.subarray(length);
    return part;
  }

  async #listen() {
    try {
      for (;;) {
        const head = new DataView((await this.#exactly(48)).buffer);
        const [command, sequence, status, actual] = [0, 4, 20, 24].map((at) => head.getInt32(at));
        const entry = this.#waiting.get(sequence);
        if (command === 3) {
          const data = entry?.incoming ? await this.#exactly(actual) : null;
          this.#waiting.delete(sequence);
          entry?.resolve({ status, actual, data });
        } else {
          this.#waiting.delete(entry?.target);
          this.#waiting.delete(sequence);
          entry?.resolve();
        }
      }
    } catch {
      this.isGone = true;
      for (const entry of this.#waiting.values()) entry.reject(gone());
      this.#waiting.clear();
    }
  }

  /** One transfer; gives its sequence number and its result. */
  submit(endpoint, incoming, length, data, setup = new Uint8Array(8)) {
    const sequence = ++this.#sequence;
    const bytes = new Uint8Array(48 + (data?.byteLength ?? 0));
    const head = new DataView(bytes.buffer);
    [SUBMIT, sequence, 0x00010001, incoming ? 1 : 0, endpoint, 0, length].forEach((word, n) => head.setUint32(4 * n, word));
    bytes.set(setup, 40);
    if (data) bytes.set(data, 48);
    if (this.isGone) return { sequence, result: Promise.reject(gone()) };
    const result = new Promise((resolve, reject) => this.#waiting.set(sequence, { resolve, reject, incoming }));
    this.#send(bytes);
    return { sequence, result };
  }

  /** Takes a transfer back. */
  unlink(target) {
    if (this.isGone) return Promise.resolve();
    const sequence = ++this.#sequence;
    const bytes = new Uint8Array(48);
    const head = new DataView(bytes.buffer);
    [UNLINK, sequence, 0x00010001, 0, 0, target].forEach((word, n) => head.setUint32(4 * n, word));
    const cancelled = this.#waiting.get(target);
    const done = new Promise((resolve, reject) => this.#waiting.set(sequence, { resolve, reject, target }));
    this.#send(bytes);
    return done.then(() => cancelled?.reject(new DOMException("the transfer was cancelled", "AbortError")));
  }

  async setup(type, request, value, index, length, data) {
    const setup = new Uint8Array(8);
    const view = new DataView(setup.buffer);
    setup[0] = type;
    setup[1] = request;
    [value, index, length].forEach((word, n) => view.setUint16(2 + 2 * n, word, true));
    return this.submit(0, (type & 0x80) !== 0, length, data, setup).result;
  }
}

class Device {
  opened = false;
  /** None before it is selected. */
  configuration = null;
  configurations = [];
  #claimed = new Set();
  #wire;
  #flying = new Map();

  constructor(wire) {
    this.#wire = wire;
  }

  get isGone() {
    return this.#wire.isGone;
  }

  /** Reads the descriptors. */
  async look() {
    const get = async (value, index, length) => (await this.#wire.setup(0x80, 6, value, index, length)).data;
    const device = await get(0x100, 0, 18);
    const word = (at) => device[at] | (device[at + 1] << 8);
    this.vendorId = word(8);
    this.productId = word(10);
    [this.deviceVersionMajor, this.deviceVersionMinor, this.deviceVersionSubminor] = [
      (device[13] >> 4) * 10 + (device[13] & 15),
      device[12] >> 4,
      device[12] & 15,
    ];
    const text = async (index) => (index === 0 ? undefined : new TextDecoder("utf-16le").decode((await get(0x300 | index, 0x409, 255)).subarray(2)));
    this.manufacturerName = await text(device[14]);
    this.productName = await text(device[15]);
    this.serialNumber = await text(device[16]);
    const all = await get(0x200, 0, 255);
    const interfaces = [];
    for (let at = 0; at + 2 <= all.length && all[at] > 0; at += all[at]) {
      if (all[at + 1] === 4) {
        const alternate = { alternateSetting: all[at + 3], interfaceClass: all[at + 5], endpoints: [] };
        interfaces.push({ interfaceNumber: all[at + 2], alternates: [alternate], alternate, claimed: false });
      } else if (all[at + 1] === 5) {
        interfaces.at(-1).alternate.endpoints.push({
          endpointNumber: all[at + 2] & 15,
          direction: all[at + 2] & 0x80 ? "in" : "out",
          type: ["control", "isochronous", "bulk", "interrupt"][all[at + 3] & 3],
          packetSize: all[at + 4] | (all[at + 5] << 8),
        });
      }
    }
    this.configurations = [{ configurationValue: all[5], interfaces }];
  }

  async open() {
    if (this.isGone) throw gone();
    this.opened = true;
  }

  async close() {
    await this.#endAll();
    this.opened = false;
    this.#claimed.clear();
  }

  async selectConfiguration(value) {
    if (!this.opened) throw wrong("The device must be opened first.");
    const found = this.configurations.find((one) => one.configurationValue === value);
    if (!found) throw new DOMException("The configuration value provided is not supported by the device.", "NotFoundError");
    this.configuration = found;
  }

  async claimInterface(number) {
    if (!this.configuration) throw wrong("The device must have a configuration selected.");
    if (!this.configuration.interfaces.some((one) => one.interfaceNumber === number)) {
      throw new DOMException("The interface number provided is not supported by the device in its current configuration.", "NotFoundError");
    }
    if (this.isGone) throw gone();
    this.#claimed.add(number);
  }

  async releaseInterface(number) {
    if (!this.#claimed.delete(number)) throw wrong("The specified interface has not been claimed.");
    await this.#endAll();
  }

  /** The device is open, and this endpoint is one of an interface that was claimed. */
  #check(direction, endpoint) {
    if (!this.opened) throw wrong("The device must be opened first.");
    const is_it = (one) => one.direction === direction && one.endpointNumber === endpoint;
    const claimed = (this.configuration?.interfaces ?? []).filter((one) => this.#claimed.has(one.interfaceNumber));
    if (endpoint !== 0 && !claimed.some(({ alternate }) => alternate.endpoints.some(is_it))) {
      throw new DOMException("The specified endpoint is not part of a claimed and selected alternate interface.", "NotFoundError");
    }
  }

  async #endAll() {
    await Promise.all([...this.#flying.keys()].map((sequence) => this.#wire.unlink(sequence)));
  }

  async clearHalt(direction, endpoint) {
    await this.#wire.setup(0x02, 1, 0, direction === "in" ? endpoint | 0x80 : endpoint, 0);
  }

  #status(status) {
    if (status === STALLED) return "stall";
    if (status === OVERFLOW) return "babble";
    if (status === 0) return "ok";
    throw new DOMException(`transfer ended with ${status}`, "NetworkError");
  }

  async #bulk(endpoint, incoming, length, data) {
    const { sequence, result } = this.#wire.submit(endpoint, incoming, length, data);
    this.#flying.set(sequence, null);
    if (incoming) counts.most = Math.max(counts.most, ++counts.flying);
    try {
      return await result;
    } finally {
      this.#flying.delete(sequence);
      if (incoming) counts.flying--;
    }
  }

  async transferIn(endpoint, length) {
    this.#check("in", endpoint);
    counts.transferIn++;
    const { status, data } = await this.#bulk(endpoint, true, length);
    return { status: this.#status(status), data: new DataView(data.buffer, data.byteOffset, data.byteLength) };
  }

  async transferOut(endpoint, data) {
    this.#check("out", endpoint);
    counts.transferOut++;
    const { status, actual } = await this.#bulk(endpoint, false, data.byteLength, new Uint8Array(data));
    return { status: this.#status(status), bytesWritten: actual };
  }

  #type({ recipient }) {
    return 0x40 | (recipient === "device" ? 0 : 1);
  }

  async controlTransferIn(setup, length) {
    this.#check("in", 0);
    counts.control++;
    const { status, data } = await this.#wire.setup(0x80 | this.#type(setup), setup.request, setup.value, setup.index, length);
    return { status: this.#status(status), data: new DataView(data.buffer, data.byteOffset, data.byteLength) };
  }

  async controlTransferOut(setup, data) {
    this.#check("out", 0);
    counts.control++;
    const bytes = new Uint8Array(data);
    const { status } = await this.#wire.setup(this.#type(setup), setup.request, setup.value, setup.index, bytes.length, bytes);
    return { status: this.#status(status), bytesWritten: bytes.length };
  }
}

let found = null;
/** The device where the user has let this page have one; after it was unplugged, the one that is plugged in then. */
const devices = async () => {
  if (globalThis.usbAllowed === false) return [];
  if (found && (await found.catch(() => null))?.isGone !== false) found = null;
  found ??= (async () => {
    const wire = new Wire();
    await wire.open();
    const device = new Device(wire);
    await device.look();
    return device;
  })();
  return [await found];
};

Object.defineProperty(navigator, "usb", { value: { getDevices: devices, addEventListener() {} } });
