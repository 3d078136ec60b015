// WebUSB behind the functions that the engine imports (src/usb/web/calls.rs).
//
// Transfers are promises: as many are in flight as the engine has submitted, and it takes their results in order. What has
// to be waited for suspends the engine (JSPI). WebUSB cannot cancel one transfer; the interface is let go and claimed again.

const GONE = -1;
const STALL = -2;
const BROKEN = -3;
const DENIED = -4;
const BUSY = -5;
const MISSING = -6;
const TIMEOUT = -7;
const OTHER = -8;
const PENDING = -100;

/** How long a control request may take, and the end of what is cancelled. */
const PATIENCE = 900;

const within = (promise, millis, late) => {
  let timer;
  const end = new Promise((resolve) => {
    timer = setTimeout(resolve, millis, late);
  });
  return Promise.race([promise, end]).finally(() => clearTimeout(timer));
};

/** One direction's transfers, oldest first. */
class Queue {
  #flying = [];

  get length() {
    return this.#flying.length;
  }

  /** Keeps a transfer; `code` makes a result of an error. */
  push(promise, code) {
    const entry = { result: undefined };
    entry.settled = promise.then(
      (result) => (entry.result = result),
      (error) => (entry.result = code(error)),
    );
    this.#flying.push(entry);
  }

  /** When the oldest has its result. */
  oldest() {
    return this.#flying[0]?.settled;
  }

  isReady() {
    return this.#flying.length > 0 && this.#flying[0].result !== undefined;
  }

  /** The oldest one's result, or undefined. */
  take() {
    return this.isReady() ? this.#flying.shift().result : undefined;
  }

  /** Forgets all; gives what settles when they have ended. */
  drop() {
    const all = this.#flying.map((entry) => entry.settled);
    this.#flying = [];
    return Promise.all(all);
  }
}

export class Usb {
  #memory = () => undefined;
  #words = "";
  #names = [];
  #open = new Map();
  #next = 1;

  /** `memory` gives the engine's memory. */
  constructor(memory) {
    this.#memory = memory;
  }

  /** The functions; those that may wait are suspending ones. */
  imports() {
    const waits = (call) => new WebAssembly.Suspending(call);
    return {
      list: waits((into, room) => this.#list(into, room)),
      open: waits((at, length) => this.#openDevice(this.#text(at, length))),
      about: (handle, into, room) => this.#about(handle, into, room),
      claim: waits((handle, number, into) => this.#claim(handle, number, into)),
      control_out: waits((...all) => this.#controlOut(...all)),
      control_in: waits((...all) => this.#controlIn(...all)),
      submit_in: (handle, length) => this.#submitIn(handle, length),
      submit_out: (handle, at, length) => this.#submitOut(handle, at, length),
      wait: waits((handle, millis) => this.#wait(handle, millis)),
      take_in: (handle, into, room) => this.#takeIn(handle, into, room),
      take_out: (handle) => this.#takeOut(handle),
      cancel: waits((handle) => this.#cancel(handle)),
      clear_halts: waits((handle) => this.#clearHalts(handle)),
      close: waits((handle) => this.#close(handle)),
      sleep: waits((micros) => new Promise((resolve) => setTimeout(resolve, micros / 1000))),
      last_words: (into, room) => this.#give(this.#words, into, room),
    };
  }

  #bytes(at, length) {
    return new Uint8Array(this.#memory().buffer, at >>> 0, length >>> 0);
  }

  #text(at, length) {
    return new TextDecoder().decode(this.#bytes(at, length).slice());
  }

  #give(text, into, room) {
    const bytes = new TextEncoder().encode(text).subarray(0, room >>> 0);
    this.#bytes(into, bytes.length).set(bytes);
    return bytes.length;
  }

  /** What an error of the browser's means. */
  #code(error) {
    this.#words = `the browser says: ${error?.message ?? error}`;
    switch (error?.name) {
      case "NotFoundError":
        return GONE;
      case "SecurityError":
        return DENIED;
      case "AbortError":
        return BROKEN;
      case "TimeoutError":
        return TIMEOUT;
      default:
        return OTHER;
    }
  }

  async #list(into, room) {
    if (!navigator.usb) {
      this.#words = "this browser has no WebUSB: Chrome, Edge and their like have it, on a page from https or this machine";
      return OTHER;
    }
    try {
      const devices = [...(await navigator.usb.getDevices())];
      this.#name(devices);
      const hex = (number) => number.toString(16).padStart(4, "0");
      const plain = (text) => (text ?? "").replaceAll(/[\t\r\n]/g, " ");
      const line = (device) =>
        [hex(device.vendorId), hex(device.productId), `1-${this.#names.indexOf(device) + 1}`, plain(device.serialNumber), plain(device.productName)].join("\t");
      return this.#give(devices.map(line).join("\n"), into, room);
    } catch (error) {
      return this.#code(error);
    }
  }

  /**
   * A name stays with its device as long as this engine runs. It has the form of a path of the bus, which no page learns. Plugged in
   * again, or asked for again, a device may be another object: it has the name of the one like it that is not there any more.
   */
  #name(devices) {
    const like = (a, b) => a.vendorId === b.vendorId && a.productId === b.productId && a.serialNumber === b.serialNumber;
    for (const device of devices) {
      if (this.#names.includes(device)) continue;
      const free = this.#names.findIndex((old) => !devices.includes(old) && like(old, device));
      if (free < 0) this.#names.push(device);
      else this.#names[free] = device;
    }
  }

  async #openDevice(path) {
    const device = this.#names[Number(path.split("-")[1]) - 1];
    if (!device) return GONE;
    try {
      if (!device.opened) await device.open();
      if (!device.configuration) await device.selectConfiguration(device.configurations?.[0]?.configurationValue ?? 1);
    } catch (error) {
      const code = this.#code(error);
      return code === OTHER ? BUSY : code;
    }
    const handle = this.#next++;
    this.#open.set(handle, { device, incoming: new Queue(), outgoing: new Queue(), place: null });
    return handle;
  }

  #about(handle, into, room) {
    const { device } = this.#open.get(handle);
    const { deviceVersionMajor: major, deviceVersionMinor: minor, deviceVersionSubminor: sub } = device;
    const release = ((Math.floor(major / 10) << 12) | ((major % 10) << 8) | (minor << 4) | sub).toString(16);
    return this.#give(`${release}\t${(device.manufacturerName ?? "").replaceAll("\t", " ")}`, into, room);
  }

  async #claim(handle, number, into) {
    const entry = this.#open.get(handle);
    const bulk = (alternate, direction) => alternate.endpoints.find((one) => one.type === "bulk" && one.direction === direction);
    const first = ({ alternate, alternates }) => alternate ?? alternates[0];
    const fits = (one) => first(one).interfaceClass === 0xff && bulk(first(one), "in") && bulk(first(one), "out");
    const found = entry.device.configuration?.interfaces.find((one) => (number < 0 ? fits(one) : one.interfaceNumber === number));
    const [incoming, outgoing] = ["in", "out"].map((direction) => found && bulk(first(found), direction));
    if (!incoming || !outgoing) return MISSING;
    try {
      await entry.device.claimInterface(found.interfaceNumber);
    } catch (error) {
      const code = this.#code(error);
      return code === OTHER ? BUSY : code;
    }
    entry.place = { number: found.interfaceNumber, incoming: incoming.endpointNumber, outgoing: outgoing.endpointNumber };
    new DataView(this.#memory().buffer).setUint16(into >>> 0, incoming.packetSize, true);
    return 0;
  }

  #setup(to, request, value, index) {
    const recipient = to === 0 ? "device" : "interface";
    return { requestType: "vendor", recipient, request, value, index };
  }

  async #control(promise) {
    try {
      const result = await within(promise, PATIENCE, null);
      if (result === null) return TIMEOUT;
      return result.status === "ok" ? result : result.status === "stall" ? STALL : BROKEN;
    } catch (error) {
      return this.#code(error);
    }
  }

  async #controlOut(handle, to, request, value, index, at, length) {
    const { device } = this.#open.get(handle);
    const data = this.#bytes(at, length).slice();
    const sent = await this.#control(device.controlTransferOut(this.#setup(to, request, value, index), data));
    return typeof sent === "number" ? sent : length === 0 ? 0 : sent.bytesWritten;
  }

  async #controlIn(handle, to, request, value, index, into, room) {
    const { device } = this.#open.get(handle);
    const got = await this.#control(device.controlTransferIn(this.#setup(to, request, value, index), room));
    return typeof got === "number" ? got : this.#put(got.data, into, room);
  }

  /** What has come, into the engine's memory. */
  #put(data, into, room) {
    const bytes = data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array();
    if (bytes.length > room >>> 0) return BROKEN;
    this.#bytes(into, bytes.length).set(bytes);
    return bytes.length;
  }

  #submitIn(handle, length) {
    const { device, incoming, place } = this.#open.get(handle);
    incoming.push(device.transferIn(place.incoming, length), (error) => this.#code(error));
    return 0;
  }

  #submitOut(handle, at, length) {
    const { device, outgoing, place } = this.#open.get(handle);
    outgoing.push(device.transferOut(place.outgoing, this.#bytes(at, length).slice()), (error) => this.#code(error));
    return 0;
  }

  /** Until the oldest of either direction has its result; without one that is there, this long at most. */
  #wait(handle, millis) {
    const { incoming, outgoing } = this.#open.get(handle);
    if (incoming.isReady() || outgoing.isReady()) return 0;
    const either = [incoming.oldest(), outgoing.oldest()].filter(Boolean);
    return within(Promise.race([...either, new Promise(() => {})]), millis, 0).then(() => 0);
  }

  #takeIn(handle, into, room) {
    const result = this.#open.get(handle).incoming.take();
    if (result === undefined) return PENDING;
    if (typeof result === "number") return result;
    return result.status === "ok" ? this.#put(result.data, into, room) : result.status === "stall" ? STALL : BROKEN;
  }

  #takeOut(handle) {
    const result = this.#open.get(handle).outgoing.take();
    if (result === undefined) return PENDING;
    if (typeof result === "number") return result;
    return result.status === "ok" ? result.bytesWritten : result.status === "stall" ? STALL : BROKEN;
  }

  async #cancel(handle) {
    const { device, incoming, outgoing, place } = this.#open.get(handle);
    const ended = Promise.all([incoming.drop(), outgoing.drop()]);
    try {
      await device.releaseInterface(place.number);
      await within(ended, PATIENCE);
      await device.claimInterface(place.number);
      return 0;
    } catch (error) {
      return this.#code(error);
    }
  }

  async #clearHalts(handle) {
    const { device, place } = this.#open.get(handle);
    // Where it fails, the next transfer shows it.
    await device.clearHalt("in", place.incoming).catch(() => {});
    await device.clearHalt("out", place.outgoing).catch(() => {});
    return 0;
  }

  async #close(handle) {
    const entry = this.#open.get(handle);
    this.#open.delete(handle);
    // A device that is gone needs none of this.
    await entry?.device.close().catch(() => {});
    return 0;
  }
}
