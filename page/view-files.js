// Files: what is dropped here, what is in it, and what every check says.

import { findings, messages, panel } from "./app.js";
import { address, button, bytes, count, facts, fill, h, show } from "./dom.js";

export function files(app) {
  const { session } = app;
  const box = messages();
  const input = h("input", { type: "file", multiple: true, do: "choose-file", class: "unseen", id: "choose-file" });
  const drop = h("label", { class: "drop", for: "choose-file" }, h("b", {}, "Drop files here"), h("span", {}, "a dump, a vendor's download, a sysupgrade; or click to choose"));
  const list = h("ul", { class: "files" });
  const place = h("div", {});

  async function take(given) {
    if (!given.length) return;
    show(box, false);
    try {
      const taken = await app.take(given);
      if (session.can("inspect")) await inspect(taken.at(-1));
    } catch (error) {
      fill(box, h("p", {}, error.message));
      show(box, true);
    }
  }

  async function inspect(file) {
    const found = await app.run(box, "inspect", { what: file.path });
    if (!found) return;
    fill(
      place,
      h("section", { class: "panel" },
        h("h3", {}, file.name),
        h("p", { class: found.sound ? "good" : "bad", "data-verdict": "" }, found.verdict),
        facts([["what it is", found.what], ["size", bytes(found.size)], ["sha256", found.sha256], ["boards", found.boards.map((board) => board.name ?? board.board).join(", ")]]),
        checks(found.checks),
        h("h4", {}, "What is in it"),
        tree(found.items),
        found.gaps?.length > 0 && h("details", {}, h("summary", {}, `${count(found.gaps.length, "gap")} between`),
          h("ul", {}, found.gaps.map((gap) => h("li", {}, h("code", {}, address(gap.offset)), ` ${bytes(gap.size)} ${gap.kind}`)))),
        findings(found.findings)),
    );
  }

  const checks = (list) =>
    list?.length > 0 &&
    h("ul", { class: "checks" }, list.map((check) => h("li", { class: check.result }, h("b", {}, check.name), ` ${check.result}`, (check.detail ?? check.message) && `: ${check.detail ?? check.message}`)));

  /** Items with their depth, as lists in lists. */
  function tree(items) {
    const top = h("ul", { class: "tree" });
    const open = [top];
    for (const item of items) {
      const node = h("li", {},
        h("b", {}, item.kind), " ", h("code", {}, `${address(item.offset)} ${bytes(item.size)}`),
        h("span", { class: "attributes" }, Object.entries(item.attributes ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`).join(" · ")),
        checks(item.checks));
      open.length = Math.min(open.length, item.depth + 1);
      while (open.length <= item.depth) {
        const deeper = h("ul", {});
        (open.at(-1).lastElementChild ?? open.at(-1)).append(deeper);
        open.push(deeper);
      }
      open.at(-1).append(node);
    }
    return top;
  }

  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop") take([...event.dataTransfer.files]);
    });
  }
  const render = () =>
    fill(
      list,
      app.state.files.map((file) =>
        h("li", {}, h("b", {}, file.name), file.size ? h("span", {}, bytes(file.size)) : null,
          h("div", { class: "actions" },
            session.can("inspect") && button("inspect", "What is in it", () => inspect(file)),
            button("picture", "Picture and bytes", () => (app.set({ look: file.path }), app.go("flash"))),
            button("as-donor", "Splice with it", () => (app.set({ donor: file.path }), app.go("splice")))))),
    );
  app.addEventListener("state", ({ detail }) => "files" in detail && render());
  return [panel("Your files", input, drop, list, box), place];
}
