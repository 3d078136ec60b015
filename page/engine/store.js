// The engine's files: a tree in memory, of which the store is kept in the browser's own file system (OPFS).
//
// The engine works on the tree. What it syncs is written before it continues: a line of a journal is appended, a new file is
// written whole. So after a tab is killed the store is as the last sync left it.

import { Directory, File, OpenFile, wasi } from "./wasi/index.js";

/** Notes where a file was changed; grows its room by doubling. */
function tracked() {
  const changed = (file, at) => (file.changes ??= []).push(Number(at));
  const write = (file, at, data) => {
    const [start, end] = [Number(at), Number(at) + data.byteLength];
    if (end > file.data.byteLength) {
      if (file.data.byteOffset > 0 || end > file.data.buffer.byteLength) {
        const room = new Uint8Array(Math.max(end, 2 * file.data.byteLength));
        room.set(file.data);
        file.data = room;
      }
      file.data = new Uint8Array(file.data.buffer, 0, end);
    }
    file.data.set(data, start);
    changed(file, start);
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.byteLength };
  };
  OpenFile.prototype.fd_write = function (data) {
    const done = write(this.file, this.file_pos, data);
    this.file_pos += BigInt(data.byteLength);
    return done;
  };
  OpenFile.prototype.fd_pwrite = function (data, offset) {
    return write(this.file, offset, data);
  };
  for (const name of ["fd_filestat_set_size", "fd_allocate"]) {
    const original = OpenFile.prototype[name];
    OpenFile.prototype[name] = function (...all) {
      changed(this.file, 0);
      return original.apply(this, all);
    };
  }
  const open = File.prototype.path_open;
  File.prototype.path_open = function (oflags, ...rest) {
    if (oflags & wasi.OFLAGS_TRUNC) changed(this, 0);
    return open.call(this, oflags, ...rest);
  };
}
tracked();

export class Store {
  /** The tree, for the engine. */
  contents = new Map();
  #root = null;
  /** Of each path that is kept: the file that was there, and how many of its changes are in. */
  #kept = new Map();
  #folders = new Set();
  #flushing = Promise.resolve();

  /** Opens the store that the browser keeps for this page. */
  static async open(name) {
    const store = new Store();
    const top = await navigator.storage.getDirectory();
    store.#root = await top.getDirectoryHandle(name, { create: true });
    store.contents = await store.#load(store.#root, "");
    return store;
  }

  async #load(folder, prefix) {
    const contents = new Map();
    for await (const [name, handle] of folder.entries()) {
      const path = `${prefix}/${name}`;
      if (handle.kind === "directory") {
        this.#folders.add(path);
        contents.set(name, new Directory(await this.#load(handle, path)));
      } else {
        const file = new File(new Uint8Array(await (await handle.getFile()).arrayBuffer()));
        file.changes = [];
        this.#kept.set(path, { file, changes: 0, length: file.data.byteLength });
        contents.set(name, file);
      }
    }
    return contents;
  }

  /** Writes what has changed. Calls follow one another. */
  flush() {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write() {
    const seen = new Set();
    await this.#folder(this.#root, this.contents, "", seen);
    // The longest first: files before their folders.
    const gone = [...this.#kept.keys(), ...this.#folders].filter((path) => !seen.has(path)).sort((a, b) => b.length - a.length);
    for (const path of gone) {
      const names = path.split("/").slice(1);
      const last = names.pop();
      let folder = this.#root;
      for (const name of names) folder = await folder.getDirectoryHandle(name);
      await folder.removeEntry(last);
      this.#kept.delete(path);
      this.#folders.delete(path);
    }
  }

  async #folder(handle, contents, prefix, seen) {
    for (const [name, entry] of [...contents]) {
      const path = `${prefix}/${name}`;
      seen.add(path);
      if (entry instanceof Directory) {
        const inner = await handle.getDirectoryHandle(name, { create: true });
        this.#folders.add(path);
        await this.#folder(inner, entry.contents, path, seen);
      } else {
        await this.#file(handle, name, entry, path);
      }
    }
  }

  async #file(folder, name, file, path) {
    file.changes ??= [];
    const kept = this.#kept.get(path);
    const [changes, length] = [file.changes.length, file.data.byteLength];
    if (kept?.file === file && kept.changes === changes) return;
    const from = kept?.file === file ? Math.min(...file.changes.slice(kept.changes)) : 0;
    const handle = await folder.getFileHandle(name, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      const at = Math.min(from, access.getSize());
      const part = file.data.subarray(at, length);
      if (access.write(part, { at }) !== part.byteLength) throw new Error(`the browser has no room for ${path}`);
      if (access.getSize() > length) access.truncate(length);
      access.flush();
    } finally {
      access.close();
    }
    this.#kept.set(path, { file, changes, length });
  }
}
