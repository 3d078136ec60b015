// The engine in a worker of this page: the session's lines by messages, files in the worker's tree.

const FOLDER = "/files";

/** USB ids of programmers, for the browser's list: WCH's and FTDI's. */
const PROGRAMMERS = [{ vendorId: 0x1a86 }, { vendorId: 0x0403 }];

/** Works offline after the first visit. */
function keepOffline() {
  // A page that is not served over https, or is a private one, does without.
  navigator.serviceWorker?.register(new URL("../offline.js", import.meta.url)).catch(() => {});
}

export function connect() {
  keepOffline();
  // The browser is asked not to clear the store; it may say no.
  navigator.storage?.persist?.().catch(() => {});
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const lines = [{ event: "tab", in_charge: true, tabs: 1, folder: FOLDER }];
    let take = (line) => lines.push(line);
    let closed = () => {};
    const waiting = new Map();
    let count = 0;
    const ask = (message, transfer) =>
      new Promise((resolve, reject) => {
        const id = ++count;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ ...message, id }, transfer);
      });
    const end = (text) => {
      for (const one of waiting.values()) one.reject(new Error(text));
      waiting.clear();
      worker.terminate();
      closed();
      reject(new Error(text));
    };
    worker.onerror = (event) => end(event.message || "the engine cannot be loaded");
    worker.onmessage = ({ data }) => {
      if (data.line !== undefined) take(JSON.parse(data.line));
      else if (data.ended !== undefined) end(data.ended);
      else if (data.ready) resolve(transport);
      else {
        const { resolve, reject } = waiting.get(data.answer);
        waiting.delete(data.answer);
        if (data.fault === undefined) resolve(data.value);
        else reject(new Error(data.fault));
      }
    };
    const transport = {
      send: (object) => worker.postMessage({ line: JSON.stringify(object) }),
      onLine(callback) {
        take = callback;
        for (const line of lines.splice(0)) callback(line);
      },
      onClose(callback) {
        closed = callback;
      },
      take: () => {},
      async putFile(name, contents) {
        const bytes = contents instanceof Blob ? new Uint8Array(await contents.arrayBuffer()) : new Uint8Array(contents).slice();
        return ask({ put: name.replaceAll(/[\\/]/g, "_"), bytes }, [bytes.buffer]);
      },
      getFile: async (path) => new Blob([await ask({ get: path })]),
      reportAddress: () => null,
      folder: () => FOLDER,
      storesIn: "this browser",
      plugs: navigator.usb ?? null,
      chooseDevice: navigator.usb ? () => navigator.usb.requestDevice({ filters: PROGRAMMERS }) : null,
    };
  });
}
