// The bench: which programmer, which chip, is the contact good, and a backup of it.

import { fault, messages, panel } from "./app.js";
import { button, bytes, choices, count, facts, field, fill, h, show, spansText, when } from "./dom.js";

/** Of a programmer that cannot be told from one that does so. */
const FIVE_VOLTS = "Many boards of this kind drive the data lines with 5 V, too much for a 3.3 V chip: measure before the clip is on a chip.";

export function bench(app) {
  return [jobs(app), next(app), h("div", { class: "columns" }, programmers(app), contact(app)), chip(app), backup(app)];
}

/** A job that an earlier run left open: finish it or undo it. */
export function jobs(app) {
  const box = messages();
  const place = h("div", {});
  const resume = async (job, undo) => {
    const done = await app.run(box, "resume", app.conditions({ job, ...(undo ? { undo } : {}) }));
    if (done) await app.lists();
  };
  app.addEventListener("state", ({ detail }) => {
    if (!("jobs" in detail)) return;
    const open = app.state.jobs.filter((job) => job.open);
    fill(
      place,
      open.map((job) =>
        h(
          "section",
          { class: "panel attention" },
          h("h3", {}, "A job is open: the chip is partly written"),
          facts([["job", job.id], ["chip", job.part], ["begun", when(job.begun)], ["written", `${bytes(job.blocks_done)} of ${bytes(job.blocks)}`], ["backup", job.backup]]),
          job.damaged && h("p", {}, job.damaged),
          h("div", { class: "actions" },
            button("resume", "Finish it", () => resume(job.id, false), "primary"),
            button("undo", "Undo it", () => resume(job.id, true)),
            button("drop", "Abandon it…", async () => {
              if (await app.run(box, "drop", { job: job.id })) app.lists();
            }, "quiet")),
        ),
      ),
    );
  });
  return h("div", {}, place, box);
}

/** What to do next, in a sentence. */
function next(app) {
  const { session } = app;
  const said = h("p", { class: "next", role: "status", "data-next": "" });
  const words = () => {
    const { programmer, chip, backups, files, jobs } = app.state;
    const isOf = (backup) => (chip.unique_id ? backup.unique_id === chip.unique_id : backup.part === chip.part);
    const has = chip?.last_backup || (chip && backups.some(isOf));
    if (jobs.some((job) => job.open)) return "Put the clip on the same chip again, with the board's power off, and finish the open job or undo it. The chip is as it should be after either.";
    if (!programmer && session.transport?.chooseDevice) return "Plug the programmer in and choose it. No hardware? Try it on an emulated board, or drop a file in Files.";
    if (!programmer) return "Plug the programmer in and press Refresh. No hardware? Try it on an emulated board, or drop a file in Files.";
    if (!chip) return "Take the power off the board, put the clip on the chip, and identify it. That only asks; nothing is changed.";
    if (!has) return "Take a backup. That only reads; nothing is changed.";
    if (files.length === 0) return "The backup is taken. Look at it in Flash, or drop the new firmware in Files.";
    return "Choose what comes from which file in Splice. Nothing is written before you have seen the plan and confirmed it.";
  };
  const render = () => fill(said, h("b", {}, "Next: "), words());
  app.addEventListener("state", render);
  session.addEventListener("change", () => said.textContent || render());
  return said;
}

function programmers(app) {
  const { session } = app;
  const box = messages();
  const list = h("div", { class: "cards", role: "radiogroup", "aria-label": "programmers" });
  const choose = (spec) => app.set({ programmer: spec, chip: null, contact: null });
  const card = (spec, title, text, usable = true, danger = "") =>
    h("label", { class: "card" },
      h("input", { type: "radio", name: "programmer", do: "choose", value: spec, checked: app.state.programmer === spec, disabled: !usable, on: { change: () => choose(spec) } }),
      h("span", {}, h("b", {}, title), h("small", {}, text), danger && h("small", { class: "bad" }, danger)));
  const look = async () => {
    const programmers = await app.run(box, "list");
    if (!programmers) return null;
    app.set({ programmers });
    app.chooseTheOnly();
    return programmers.programmers;
  };
  const tryIt = async () => {
    const demo = await app.run(box, "try", { dir: `${session.transport.folder()}/try-${Date.now().toString(36)}` });
    if (!demo) return;
    const files = [["board.bin", demo.dump], ["vendor.bin", demo.donor]].map(([name, path]) => ({ name, path }));
    app.set({ demo, programmer: demo.programmer, chip: null, files: [...app.state.files, ...files] });
    const chip = await app.run(box, "probe", app.conditions());
    if (chip) app.set({ chip });
  };
  const tryButton = button("try", "Try it on an emulated board", tryIt);
  const device = button("device", "Choose a programmer…", async () => {
    try {
      await session.transport.chooseDevice();
      // The engine's worker hears of it by itself, a moment later perhaps.
      for (let tries = 0; tries < 10 && (await look())?.length === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
    } catch (error) {
      fill(box, fault(error));
      show(box, true);
    }
  }, "primary");
  const own = h("input", { type: "text", do: "spec", placeholder: "ft2232h:port=B", autocomplete: "off", spellcheck: "false" });
  own.addEventListener("change", () => own.value.trim() && choose(own.value.trim()));
  const flags = [["wait", "wait", "Wait until the chip answers reliably, so that the clip can be held by hand"], ["voltage-adapter", "voltage_adapter", "A 1.8 V adapter is between programmer and chip"]];
  const render = () => {
    const { programmers: found, programmer, demo } = app.state;
    const attached = found?.programmers ?? [];
    fill(
      list,
      attached.map((one) => card(one.spec, one.kind ?? "unknown", [one.product, one.path && `USB ${one.path}`, one.serial, one.problem].filter(Boolean).join(" · "), Boolean(one.kind), one.may_drive_5v && FIVE_VOLTS)),
      (found?.possible ?? []).map((one) => card(one.spec, one.spec, one.seen)),
      demo && card(demo.programmer, "emulated CH341A", "a board in software: nothing can break"),
      programmer && ![...attached, ...(found?.possible ?? [])].some((one) => one.spec === programmer) && programmer !== demo?.programmer && (programmer.startsWith("emu") ? card(programmer, "emulated programmer", programmer) : card(programmer, programmer, "as named")),
      attached.length === 0 && !programmer && h("p", { class: "hint" }, session.transport?.chooseDevice ? "A page is given a programmer by you alone: choose it in the browser's own list." : "No programmer is plugged in."),
    );
    show(tryButton, session.can("try") && !demo);
    show(device, Boolean(session.transport?.chooseDevice));
  };
  app.addEventListener("state", ({ detail }) => ("programmers" in detail || "programmer" in detail || "demo" in detail) && render());
  let heard = null;
  session.addEventListener("change", () => {
    show(tryButton, session.can("try") && !app.state.demo);
    show(device, Boolean(session.transport?.chooseDevice));
    const plugs = session.transport?.plugs ?? null;
    if (plugs === heard) return;
    heard = plugs;
    for (const kind of ["connect", "disconnect"]) plugs?.addEventListener?.(kind, look);
  });
  return panel(
    "Programmer",
    list,
    h("div", { class: "actions" }, device, button("list", "Refresh", look), tryButton),
    h("details", {}, h("summary", {}, "More"),
      field("Another one, as -p names it", own),
      flags.map(([action, name, text]) =>
        h("label", { class: "check" }, h("input", { type: "checkbox", do: action, on: { change: (event) => app.set({ conditions: { ...app.state.conditions, [name]: event.target.checked || undefined } }) } }), ` ${text}`))),
    box,
  );
}

function contact(app) {
  const box = messages();
  const meter = h("meter", { min: 0, max: 100, low: 60, high: 95, optimum: 100, value: 0, "aria-label": "contact" });
  const percent = h("output", {}, "–");
  const tests = h("div", {});
  let live = false;
  const show_ = ({ contact: verdict }) => {
    const done = verdict.tests.filter((test) => test.outcome !== "skipped");
    const share = done.length ? Math.round((100 * done.filter((test) => test.outcome === "passed").length) / done.length) : 0;
    meter.value = share;
    percent.textContent = `${share} %`;
    fill(
      tests,
      h("p", { class: verdict.good ? "good" : "bad" }, verdict.good ? "The contact is good." : "The contact is not good."),
      [...verdict.causes, verdict.next].filter(Boolean).map((text) => h("p", {}, text)),
      h("details", {}, h("summary", {}, count(done.length, "test")),
        h("ul", { class: "tests" }, verdict.tests.map((test) => h("li", { class: test.outcome }, h("b", {}, test.name), ` ${test.outcome}`, test.detail && `: ${test.detail}`)))),
    );
  };
  const once = async () => {
    const found = await app.run(box, "contact", app.conditions());
    if (found) show_(found);
    return found !== null;
  };
  /** One look of the meter. */
  const look = (line) => {
    if (line.event !== "meter") return;
    meter.value = line.percent;
    percent.textContent = `${line.percent} %`;
    fill(tests, h("p", { class: line.steady ? "good" : "bad" }, line.steady ? `The chip answers each time: ${line.id}.` : line.id ? "The chip answers, but not each time." : "No chip answers. Move the clip."));
  };
  const begin = async () => {
    live = true;
    label();
    await app.run(box, "watch", app.conditions({ wait: undefined }), { on: look });
    live = false;
    label();
  };
  // The same button ends it.
  const watch = button("watch", "Live meter", () => {
    if (live) app.session.stop();
    else begin();
  });
  const label = () => {
    watch.textContent = live ? "Stop the meter" : "Live meter";
    watch.setAttribute("aria-pressed", live);
  };
  label();
  return panel("Contact", h("div", { class: "gauge" }, meter, percent), h("div", { class: "actions" }, button("contact", "Test the contact", once), watch), tests, box);
}

function chip(app) {
  const box = messages();
  const place = h("div", {});
  const probe = async () => {
    const warnings = [];
    const chip = await app.run(box, "probe", app.conditions(), { on: (line) => line.event === "warning" && warnings.push(line.message) });
    if (chip) app.set({ chip: { ...chip, warnings } });
  };
  const volts = (range) => range && `${range[0] / 1000} to ${range[1] / 1000} V`;
  app.addEventListener("state", ({ detail }) => {
    if (!("chip" in detail)) return;
    const chip = app.state.chip;
    if (!chip) return fill(place, h("p", { class: "hint" }, "Put the clip on the chip, then identify it."));
    fill(
      place,
      h("p", { class: "part" }, h("b", {}, chip.part), chip.vendor && ` ${chip.vendor}`, ` ${bytes(chip.size)}`),
      facts([
        ["JEDEC id", chip.jedec_id],
        ["unique id", chip.unique_id],
        ["supply", volts(chip.voltage_mv)],
        ["protected", chip.protection_known === false ? "not known for this chip" : chip.protected_ranges && (spansText(chip.protected_ranges) || "nothing")],
        ["status registers", chip.status_registers?.map((register) => `${register.name} ${register.hex}`).join(", ")],
        ["security registers", chip.security_registers?.map((register) => `${register.index}: ${register.blank ? "blank" : "used"}${register.locked ? ", locked" : ""}`).join("; ")],
        ["contents", chip.contents],
        ["last backup", chip.last_backup ? `${chip.last_backup.name ?? chip.last_backup.id}, ${when(chip.last_backup.taken)}${chip.last_backup.same === true ? ", the same as on the chip" : ""}` : chip.unique_id && "none yet"],
        ["open job", chip.open_job],
        ["left in", chip.left?.map((left) => `${left.state}: ${left.done}`).join("; ")],
      ]),
      chip.low_voltage && h("p", { class: "danger" }, "This chip takes 1.8 V. A higher voltage destroys it."),
      chip.over_voltage && h("p", { class: "danger" }, "The programmer's supply is above what this chip takes."),
      chip.notes?.map((note) => h("p", {}, note)),
      chip.warnings?.map((warning) => h("p", { class: "danger" }, warning)),
    );
  });
  fill(place, h("p", { class: "hint" }, "Put the clip on the chip, then identify it."));
  return panel("Chip", place, h("div", { class: "actions" }, button("probe", "Identify the chip", probe, "primary")), box);
}

function backup(app) {
  const box = messages();
  const name = h("input", { type: "text", do: "backup-name", placeholder: "before the first change", autocomplete: "off" });
  const board = h("select", { do: "backup-board" });
  const blank = h("input", { type: "checkbox", do: "blank" });
  const done = h("p", { role: "status" });
  app.addEventListener("state", ({ detail }) => {
    if ("boards" in detail) choices(board, [{ value: "", label: "not named" }, ...app.state.boards.map((board) => ({ value: board.name, label: board.model }))]);
  });
  const take = async () => {
    done.textContent = "";
    const options = { ...(name.value && { name: name.value }), ...(board.value && { board: board.value }), ...(blank.checked && { blank: true }) };
    const result = await app.run(box, "backup", app.conditions(options));
    if (!result) return;
    fill(done, `Read twice and stored: ${result.backup}. `, h("a", { href: "#flash" }, "Look at it"), ".");
    await app.lists();
    const { chip } = app.state;
    const last_backup = { id: result.backup, name: name.value || null, taken: result.backup, same: true };
    app.set({ look: result.backup, ...(chip && { chip: { ...chip, last_backup } }) });
  };
  return panel(
    "Backup",
    h("p", { class: "hint" }, "Read twice in two ways, compared, and kept in the store with the security registers. Every write takes one first."),
    h("div", { class: "row" }, field("Name", name), field("Board", board)),
    h("label", { class: "check" }, blank, " The chip is blank, and that is right"),
    h("div", { class: "actions" }, button("backup", "Take a backup", take, "primary")),
    done,
    box,
  );
}
