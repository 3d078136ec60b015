// What every view works with: the session, what is known so far, and how something is asked of the engine.

import { address, button, count, fill, h, show, table, when } from "./dom.js";

export class App extends EventTarget {
  /** What is known: each field is the result of an operation, or what the user has chosen. */
  state = {
    programmers: null,
    programmer: null,
    conditions: {},
    chip: null,
    contact: null,
    backups: [],
    jobs: [],
    boards: [],
    files: [],
    demo: null,
    plan: null,
  };

  constructor(session) {
    super();
    this.session = session;
  }

  /** Changes what is known. What went wrong with another programmer, or without these files, is not shown any more. */
  set(fields) {
    const other = "programmer" in fields && fields.programmer !== this.state.programmer;
    if (other || fields.files) for (const box of document.querySelectorAll("main .messages")) show(box, false);
    Object.assign(this.state, fields);
    this.dispatchEvent(new CustomEvent("state", { detail: fields }));
  }

  /** Carries a job out in the view of writes, which gives the way. */
  start = () => null;

  /** Opens a view. */
  go(view) {
    location.hash = view;
  }

  /** The programmer and the conditions of what works on a chip. */
  conditions(more = {}) {
    const { programmer, conditions } = this.state;
    return { ...(programmer ? { programmer } : {}), ...conditions, ...more };
  }

  /**
   * Carries an operation out, and shows in `box` why it could not be. Gives its result, or null.
   * `settle` is what may be done about the findings of a refusal there.
   */
  async run(box, name, options = {}, { on, ...settle } = {}) {
    fill(box);
    show(box, false);
    try {
      return await this.session.request(name, options, on);
    } catch (error) {
      fill(box, fault(error, settle));
      show(box, true);
      return null;
    }
  }

  /** Chooses the programmer where there is one only, and the one that was chosen is not there any more. */
  chooseTheOnly() {
    const { programmers, programmer, demo } = this.state;
    const found = programmers?.programmers.filter((one) => one.kind && !one.problem) ?? [];
    const named = !programmer || (/:path=/.test(programmer) && programmer !== demo?.programmer && !found.some((one) => one.spec === programmer));
    if (named && found.length === 1) this.set({ programmer: found[0].spec, chip: null });
  }

  async lists() {
    const quiet = async (name) => (this.session.can(name) ? this.session.request(name).catch(() => null) : null);
    const backups = await quiet("backups");
    const jobs = await quiet("jobs");
    this.set({ ...(backups && { backups: backups.backups, damaged: backups.damaged, store: backups.store }), ...(jobs && { jobs: jobs.jobs }) });
  }

  /** Takes files of the user's over; they are known by their paths from then on. */
  async take(list) {
    const files = [...this.state.files];
    for (const file of list) {
      const path = await this.session.transport.putFile(file.name, file);
      files.push({ name: file.name, path, size: file.size });
    }
    this.set({ files });
    return files.slice(-list.length);
  }

  /** True where something is chosen; else `box` says what to do first. */
  chosen(box, value, words) {
    fill(box, h("p", {}, words));
    show(box, !value);
    return Boolean(value);
  }

  /** Everything that can be looked at: backups and files. */
  subjects() {
    const { files } = this.state;
    return [
      ...files.map((file) => ({ value: file.path, label: file.name })),
      ...this.backupChoices(),
    ];
  }

  /** The backups, for a list to choose from: by name, or by time and chip. */
  backupChoices(value = (backup) => backup.id) {
    return this.state.backups.map((backup) => ({ value: value(backup), label: `backup ${backup.name ?? `of ${when(backup.taken)}, ${backup.part}`}` }));
  }
}

/** Where a view says what went wrong. */
export function messages() {
  return h("div", { class: "messages", role: "alert", hidden: true });
}

/** A refusal in the engine's own words. */
export function fault(error, settle) {
  const line = error.line ?? {};
  const contact = line.contact;
  return h(
    "div",
    { class: "fault" },
    h("p", {}, h("strong", {}, error.message)),
    line.chip && h("p", {}, `The chip is ${line.chip === "partial" ? "partly written" : line.chip}.`),
    contact && h("ul", {}, [...contact.causes, contact.next].filter(Boolean).map((text) => h("li", {}, text))),
    line.findings && findings(line.findings, settle),
  );
}

const SEVERITY = { refuse: "refused", ask: "asks", warn: "warning", tell: "note" };

/**
 * What checks found. `allow(name, on)` lets one that asks pass; `source(region)` makes the choice of the source of a region that one
 * is about.
 */
export function findings(list, { allow, source } = {}, allowed = []) {
  if (!list?.length) return null;
  return h(
    "ul",
    { class: "findings" },
    list.map((finding) =>
      h(
        "li",
        { class: finding.severity },
        h("span", { class: "tag" }, SEVERITY[finding.severity] ?? finding.severity),
        h("div", {}, h("b", {}, finding.name), " ", finding.message,
          source && finding.region && h("div", { class: "settle" }, `${finding.region} from `, source(finding.region)),
          allow && finding.severity === "ask"
            ? h("label", { class: "check" },
                h("input", { type: "checkbox", do: `allow-${finding.name}`, checked: allowed.includes(finding.name), on: { change: (event) => allow(finding.name, event.target.checked) } }),
                ` let ${finding.name} pass`)
            : null),
      ),
    ),
  );
}

/** How much differs, in a sentence. */
export function differing(number, ranges) {
  return `${count(number, "byte")} in ${count(ranges.length, "range")} ${number === 1 ? "differs" : "differ"}.`;
}

/** Ranges that are listed; more are counted. */
const LISTED = 200;

/** The ranges that differ, as a list; `open(start, length)` shows one. */
export function rangeList(ranges, open) {
  if (ranges.length === 0) return null;
  return [
    table("what differs", ["place", "bytes", ...(open ? [""] : [])], ranges.slice(0, LISTED).map((range) => [
      h("code", {}, `${address(range.start)}…${address(range.end)}`),
      String(range.end - range.start),
      ...(open ? [button("show-difference", "Show", () => open(range.start, range.end - range.start), "link")] : []),
    ])),
    ranges.length > LISTED && h("p", {}, `and ${ranges.length - LISTED} more`),
  ];
}

/** A part of a view. */
export function panel(title, ...children) {
  return h("section", { class: "panel" }, h("h3", {}, title), ...children);
}
