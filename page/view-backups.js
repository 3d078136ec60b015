// The backups in the store, and the jobs: look, compare, put back, keep elsewhere, reports.

import { messages, panel } from "./app.js";
import { button, bytes, choices, field, fill, h, save, show, table, when } from "./dom.js";

export function backups(app) {
  const { session } = app;
  const box = messages();
  const list = h("div", {});
  const history = h("div", {});
  const where = h("p", { class: "hint" });

  const restore = (backup) => app.start("restore", app.conditions({ backup: backup.id }));
  const path = (name) => `${session.transport.folder()}/${name}`;
  const report = async (id) => {
    const file = path(`report-${id}-${Date.now().toString(36)}.html`);
    if (!(await app.run(box, "report", { what: id, out: file }))) return;
    const address = session.transport.reportAddress(file);
    if (address) window.open(address, "_blank", "noopener");
    else save(await session.transport.getFile(file), `${id}.html`);
  };
  const said = h("p", { role: "status" });
  const say = async (name, options, words) => {
    said.textContent = "";
    const done = await app.run(box, name, options);
    if (!done) return;
    said.textContent = words(done);
    await app.lists();
  };
  const keep = async (backup) => {
    said.textContent = "";
    const done = await app.run(box, "backup-export", { backup: backup.id, out: path(`${backup.id}-${Date.now().toString(36)}.tar`) });
    if (!done) return;
    save(await session.transport.getFile(done.path), `${backup.id}.tar`);
    said.textContent = `Saved as ${backup.id}.tar: the contents, the security registers and what is known of the chip.`;
  };
  const check = () => say("backup-verify", {}, (done) => `${done.sound.length} intact, ${done.damaged.length} damaged.`);
  const rename = h("input", { type: "text", do: "new-name", "aria-label": "new name", autocomplete: "off" });
  const chosen = h("select", { do: "name-backup" });
  const imported = h("select", { do: "import-file" });
  const naming = h("div", { class: "row" }, field("Backup", chosen), field("New name", rename), button("backup-name", "Name it", () => say("backup-name", { backup: chosen.value, name: rename.value }, () => "Named.")));
  const taking = h("div", { class: "row" }, field("A dump or an exported backup from Files", imported), button("backup-import", "Import", () => say("backup-import", { file: imported.value }, () => "Imported.")));
  const verify = button("backup-verify", "Verify all", check);

  const render = () => {
    const { backups: all, damaged, jobs } = app.state;
    fill(
      list,
      all.length === 0
        ? h("p", { class: "hint" }, "No backup yet.")
        : table("backups", ["taken", "name", "chip", "board", ""], all.map((backup) => [
            h("span", { class: "whole" }, when(backup.taken)),
            [h("b", {}, backup.name ?? ""), h("small", { class: "whole" }, backup.id)],
            `${backup.part} ${bytes(backup.size)}`,
            backup.board ?? "",
            h("div", { class: "actions" },
              button("look-backup", "Look", () => (app.set({ look: backup.id, against: "" }), app.go("flash"))),
              button("compare-backup", "Compare", () => (app.set({ look: backup.id, against: all.find((other) => other.id !== backup.id && other.size === backup.size)?.id ?? "" }), app.go("flash"))),
              button("restore", "Put it back…", () => restore(backup)),
              session.can("report") && button("report", "Report", () => report(backup.id)),
              session.can("backup-export") && button("backup-export", "Export", () => keep(backup)),
              session.can("backup-remove") && button("backup-remove", "Remove…", () => say("backup-remove", { backup: backup.id }, () => "Removed."), "quiet")),
          ])),
      damaged?.length > 0 && h("ul", { class: "findings" }, damaged.map((one) => h("li", { class: "refuse" }, h("b", {}, one.id), ` ${one.fault}`))),
    );
    const own = session.transport?.storesIn;
    where.textContent = own ? `Stored in ${own}. Export what you want to keep: a browser may clear it.` : app.state.store ? `Stored in ${app.state.store}.` : "";
    fill(
      history,
      jobs.length === 0
        ? h("p", { class: "hint" }, "Nothing has been written yet.")
        : table("jobs", ["begun", "what", "chip", "how it ended", ""], jobs.map((job) => [
            h("span", { class: "whole" }, when(job.begun)),
            job.verb ?? "",
            job.part ?? "",
            job.open ? h("b", { class: "bad" }, "open") : (job.over ?? ""),
            session.can("report") ? button("report-job", "Report", () => report(job.id)) : "",
          ])),
    );
  };
  app.addEventListener("state", ({ detail }) => {
    if ("backups" in detail || "jobs" in detail) render();
    if ("backups" in detail) choices(chosen, app.backupChoices());
    if ("files" in detail) choices(imported, app.state.files.map((file) => ({ value: file.path, label: file.name })));
  });
  session.addEventListener("change", () => {
    show(verify, session.can("backup-verify"));
    show(naming, session.can("backup-name") && app.state.backups.length > 0);
    show(taking, session.can("backup-import") && app.state.files.length > 0);
  });
  render();
  return [panel("Backups", list, where, h("div", { class: "actions" }, button("backups", "Refresh", () => app.lists()), verify), naming, taking, said, box), panel("Jobs", history)];
}
