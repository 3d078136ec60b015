// The client's side of the session protocol: requests one after the other, their events, the question that waits.

/** Short requests for looking: they come and go unseen. */
const QUIET = new Set(["watch", "list", "boards", "chips", "backups", "jobs", "bytes", "picture", "search", "diff", "inspect", "try", "report"]);

const LOST = "the connection to norsplice was lost; what runs there keeps running, and this page will find it again";

export class Session extends EventTarget {
  operations = new Set();
  version = "";
  /** The programmer that the engine was started with, as -p names it, or null. */
  programmer = null;
  /** This tab's lines are heard. */
  inCharge = false;
  tabs = 1;
  connected = false;
  /** The request that runs, or ran last: {id, name, options, stage, done, total, log, question, result, error, own}. */
  current = null;
  /** The last of those that is worth a look, running or ended. */
  job = null;
  /** Bytes that a line may have: a longer one would be skipped, and nothing would answer it. */
  #longest = Infinity;
  #queue = [];
  #count = 0;
  #prefix = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  #transport = null;

  /** Begins with a transport; whatever ran in an earlier one is found again by its lines. */
  use(transport) {
    this.#transport = transport;
    this.connected = true;
    transport.onClose(() => this.#lost());
    transport.onLine((line) => this.#take(line));
    this.#changed();
  }

  get transport() {
    return this.#transport;
  }

  /** True where the engine has this operation. */
  can(name) {
    return this.operations.has(name);
  }

  get busy() {
    return this.current !== null && !this.current.ended;
  }

  /** Carries an operation out: its last line, or an Error, with `line` where the engine has refused it. `on` is called with each event before. */
  request(name, options = {}, on = () => {}) {
    return new Promise((resolve, reject) => {
      if (!this.connected) return reject(new Error(LOST));
      if (!this.inCharge) return reject(new Error("another tab is in charge; take over here first"));
      // A look at the contact lasts until something else is wanted.
      if (this.current?.own && this.current.name === "watch") this.stop();
      const id = `${this.#prefix}-${++this.#count}`;
      this.#queue.push({ ...fresh(id), name, options, on, resolve, reject, own: true });
      this.#next();
    });
  }

  /** Confirms or refuses the question that waits; `typed` is the phrase, or the SHA-256 of the file that was kept. */
  answer(confirmed, typed) {
    const question = this.current?.question;
    // One answer for each question, unless it does not confirm it.
    if (!question || this.current.answered === question) return;
    this.current.answered = question;
    const { id } = this.current;
    if (!confirmed) this.#transport.send({ id, answer: "no" });
    else if (question.needs === "phrase") this.#transport.send({ id, answer: "phrase", phrase: typed });
    else if (question.needs === "sha256") this.#transport.send({ id, answer: "sha256", sha256: typed });
    else this.#transport.send({ id, answer: "yes", digest: question.digest });
  }

  /** Stops what runs at the next point where the chip is consistent. */
  stop() {
    if (!this.busy || this.current.stopping) return;
    this.current.stopping = true;
    this.#transport.send({ id: this.current.id, cancel: true });
  }

  takeOver() {
    this.#transport.take();
  }

  #next() {
    if (this.busy || !this.connected || !this.inCharge || this.operations.size === 0) return;
    const entry = this.#queue.shift();
    if (!entry) return;
    const line = { id: entry.id, do: entry.name, options: entry.options };
    const long = new TextEncoder().encode(JSON.stringify(line)).length;
    if (long > this.#longest) {
      entry.reject(new Error(`this request has ${long} bytes, and ${this.#longest} is the most: what was typed or chosen is too long`));
      return this.#next();
    }
    this.current = entry;
    this.#transport.send(line);
    this.#changed();
  }

  #take(line) {
    if (line.event === "hello") {
      this.operations = new Set(line.operations);
      this.version = line.version;
      this.programmer = line.programmer;
      this.#longest = line.longest_line;
    } else if (line.event === "tab") {
      this.inCharge = line.in_charge;
      this.tabs = line.tabs;
    } else if (line.id === null || line.id === undefined) {
      this.dispatchEvent(new CustomEvent("complaint", { detail: line.message }));
    } else {
      this.#event(line);
    }
    this.#next();
    this.#changed();
  }

  #event(line) {
    if (this.current?.id !== line.id) this.current = { ...fresh(line.id), name: line.command ?? "" };
    const entry = this.current;
    if (line.event === "error" && !line.final) {
      entry.answered = null;
      this.dispatchEvent(new CustomEvent("complaint", { detail: line.message }));
      return;
    }
    if (line.event !== "question") entry.question = null;
    switch (line.event) {
      case "question":
        entry.question = line;
        entry.asked = line;
        break;
      case "stage":
        Object.assign(entry, { stage: line.stage, done: 0, total: line.bytes, expected: line.expected_ms });
        break;
      case "progress":
        Object.assign(entry, { stage: line.stage, done: line.done, total: line.total });
        break;
      case "note":
      case "warning":
        entry.log.push({ kind: line.event, text: line.message });
        break;
      case "chip":
        entry.chip = line;
        break;
      case "spliced":
        entry.spliced = line;
        break;
      case "meter":
        entry.meter = line;
        break;
    }
    entry.on?.(line, entry);
    this.dispatchEvent(new CustomEvent("line", { detail: line }));
    if (line.final) {
      this.#end(entry, line);
      this.#changed();
    }
  }

  #end(entry, line) {
    entry.ended = true;
    entry.name ||= line.command;
    if (line.event === "result") {
      entry.result = line;
      entry.resolve?.(line);
    } else {
      entry.error = line;
      entry.reject?.(Object.assign(new Error(line.message), { line }));
    }
    this.dispatchEvent(new CustomEvent("ended", { detail: entry }));
  }

  #lost() {
    this.connected = false;
    this.inCharge = false;
    const waiting = this.#queue.splice(0);
    if (this.busy) waiting.push(this.current);
    this.current = null;
    for (const entry of waiting) entry.reject?.(new Error(LOST));
    this.dispatchEvent(new Event("lost"));
    this.#changed();
  }

  #changed() {
    if (this.current && this.current.name !== "" && !QUIET.has(this.current.name)) this.job = this.current;
    // A request of another tab has no name before its end; one that reaches a stage works on a chip.
    else if (this.current?.name === "" && (this.current.stage || this.current.asked)) this.job = this.current;
    this.dispatchEvent(new Event("change"));
  }
}

function fresh(id) {
  return { id, name: "", options: {}, log: [], stage: "", done: 0, total: 0, question: null, ended: false, own: false };
}
