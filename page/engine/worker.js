// The engine at work: the module under WASI, the session's lines on its standard input and output.

import { ConsoleStdout, Directory, Fd, File, OpenFile, PreopenDirectory, WASI, WASIProcExit, wasi } from "./wasi/index.js";
import { Store } from "./store.js";
import { Usb } from "./usb.js";

/** How long the engine may work without a look at what has come, in milliseconds. */
const BREATH = 20;

/** Lines for the engine: each read gives one, or the next part of one. */
class Input extends Fd {
  #lines = [];
  #arrived = () => {};

  push(line) {
    this.#lines.push(new TextEncoder().encode(`${line}\n`));
    this.#arrived();
  }

  get waiting() {
    return this.#lines.length;
  }

  /** When there is a line. */
  arrived() {
    if (this.waiting > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  fd_fdstat_get() {
    return { ret: wasi.ERRNO_SUCCESS, fdstat: new wasi.Fdstat(wasi.FILETYPE_CHARACTER_DEVICE, 0) };
  }

  fd_read(size) {
    const line = this.#lines.shift() ?? new Uint8Array();
    if (line.byteLength > size) this.#lines.unshift(line.slice(size));
    return { ret: wasi.ERRNO_SUCCESS, data: line.slice(0, size) };
  }
}

/** How many lines wait, as they are when it is opened. */
class Waiting extends File {
  constructor(input) {
    super(new Uint8Array(), { readonly: true });
    this.input = input;
  }

  path_open() {
    const now = new File(new TextEncoder().encode(String(this.input.waiting)), { readonly: true });
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: new OpenFile(now) };
  }
}

const input = new Input();
const files = new Map();

/** A file of the tree by its path. */
function find(tree, path) {
  let entry = { contents: tree };
  for (const name of path.split("/").filter(Boolean)) entry = entry?.contents?.get(name);
  if (!(entry instanceof File)) throw new Error(`there is no file ${path}`);
  return entry.data.slice();
}

/** Lets messages come in, where the engine has worked for a while. */
let breathed = performance.now();
function breathe() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      breathed = performance.now();
      resolve();
    };
    port2.postMessage(null);
  });
}

async function run() {
  if (typeof WebAssembly.Suspending !== "function") {
    throw new Error(
      "this browser cannot let a module wait for USB (JavaScript Promise Integration): Chrome and Edge can from version 137 on. " +
        "The program itself, norsplice, works with every browser",
    );
  }
  const held = await new Promise((resolve) => {
    // Held as long as this worker lives.
    navigator.locks.request("norsplice-store", { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });
  if (!held) throw new Error("another tab has this page's store: close it, and load this one again");
  const store = await Store.open("norsplice-store");
  const tree = new Map([["store", new Directory(store.contents)], ["files", new Directory(files)]]);
  const host = new WASI(
    ["norsplice-engine"],
    [],
    [
      input,
      ConsoleStdout.lineBuffered((line) => postMessage({ line })),
      ConsoleStdout.lineBuffered((line) => console.error(line)),
      new PreopenDirectory("/store", store.contents),
      new PreopenDirectory("/files", files),
      new PreopenDirectory("/tmp", new Map()),
      new PreopenDirectory("/session", new Map([["waiting", new Waiting(input)]])),
    ],
    // Without a word it writes each call to the console.
    { debug: false },
  );
  let instance;
  const usb = new Usb(() => instance.exports.memory);
  const plain = host.wasiImport;
  const waits = (call) => new WebAssembly.Suspending(call);
  const synced = (call) => waits((...all) => store.flush().then(() => call(...all)));
  const imports = {
    ...plain,
    // Before the engine waits, all that it has written is kept.
    fd_read: waits((fd, ...rest) => {
      if (fd !== 0 || input.waiting > 0) return plain.fd_read(fd, ...rest);
      return store.flush().then(() => input.arrived()).then(() => plain.fd_read(fd, ...rest));
    }),
    path_open: waits((...all) => (performance.now() - breathed < BREATH ? plain.path_open(...all) : breathe().then(() => plain.path_open(...all)))),
    fd_sync: synced(plain.fd_sync),
    fd_datasync: synced(plain.fd_datasync),
  };
  onmessage = ({ data }) => {
    const answer = (work) => {
      try {
        postMessage({ answer: data.id, value: work() });
      } catch (error) {
        postMessage({ answer: data.id, fault: error.message });
      }
    };
    if (data.line !== undefined) input.push(data.line);
    else if (data.put !== undefined) {
      answer(() => {
        // The bytes were handed over; the constructor would copy them.
        let name = data.put;
        for (let number = 2; files.has(name); number++) name = `${number}-${data.put}`;
        files.set(name, Object.assign(new File([]), { data: data.bytes }));
        return `/files/${name}`;
      });
    } else if (data.get !== undefined) answer(() => find(tree, data.get));
  };
  const module = await WebAssembly.compileStreaming(fetch(new URL("../norsplice-engine.wasm", import.meta.url)));
  instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports, norsplice_usb: usb.imports() });
  host.inst = instance;
  postMessage({ ready: true });
  await WebAssembly.promising(instance.exports._start)();
}

run().then(
  () => postMessage({ ended: "the engine has ended" }),
  (error) => postMessage({ ended: error instanceof WASIProcExit ? "the engine has ended" : error.message }),
);
