// The security registers (OTP): what they hold in hex and text, whether they are locked, and what that means.

import { messages, panel } from "./app.js";
import { button, choices, count, facts, field, fill, h, show } from "./dom.js";

export function otp(app) {
  const box = messages();
  const place = h("div", {});
  const read = async () => {
    fill(place);
    const found = await app.run(box, "otp", app.conditions());
    if (!found) return;
    fill(
      place,
      h("p", { "data-verdict": "", class: "verdict" }, found.verdict),
      h("div", { class: "registers" }, found.security_registers.map((register) =>
        h("section", { class: "panel", "data-register": register.index },
          h("h4", {}, `Register ${register.index}`),
          facts([["size", count(register.size, "byte")], ["contents", register.blank ? "blank" : "used"], ["lock", register.locked === null ? "not known" : register.locked ? "locked forever" : "open"], ["texts", register.texts.join(", ")], ["MAC addresses", register.macs.join(", ")]]),
          h("pre", { class: "dump", tabindex: "0", role: "region", "aria-label": `bytes of register ${register.index}` }, dump(register.data))))),
    );
  };
  const { session } = app;
  const register = h("input", { type: "number", min: 0, value: 1, do: "register" });
  const file = h("select", { do: "otp-file" });
  const against = h("select", { do: "otp-against" });
  const said = h("p", { role: "status" });
  const change = async (name, options) => {
    said.textContent = "";
    const done = await app.run(box, name, app.conditions(options));
    if (!done) return;
    said.textContent = done.chip === "untouched" ? "Nothing had to be changed." : "Done and read back.";
    await read();
  };
  const withFile = () => app.chosen(box, file.value, "Drop the file in Files first, then choose it here.");
  const withBackup = () => app.chosen(box, against.value, "There is no backup yet: take one on the bench, or import one in Backups.");
  const number = () => Number(register.value);
  const compare = async () => {
    if (!withBackup()) return;
    const found = await app.run(box, "otp-diff", app.conditions({ a: against.value, b: "chip" }));
    if (found) said.textContent = found.equal ? "Both hold the same." : `They differ in register ${found.differing.map((one) => one.index).join(", ")}.`;
  };
  const controls = [
    ["otp-diff", field("Compare with a backup", against), button("otp-diff", "Compare", compare)],
    ["otp-clone", null, button("otp-clone", "Put that backup's registers on this chip…", () => withBackup() && change("otp-clone", { backup: against.value }), "danger")],
    ["otp-program", field("File", file), button("otp-program", "Program the register…", () => withFile() && change("otp-program", { register: number(), file: file.value }), "danger")],
    ["otp-erase", null, button("otp-erase", "Erase the register…", () => change("otp-erase", { register: number() }), "danger")],
    ["otp-lock", null, button("otp-lock", "Lock the register forever…", () => change("otp-lock", { register: number() }), "danger")],
  ];
  const rows = controls.map(([name, control, action]) => [name, h("div", { class: "row", hidden: true }, control, action)]);
  const changes = h("details", { hidden: true }, h("summary", {}, "Compare and change"), h("div", { class: "row" }, field("Register", register)), rows.map(([, row]) => row), said);
  app.addEventListener("state", ({ detail }) => {
    if ("backups" in detail) choices(against, app.backupChoices());
    if ("files" in detail) choices(file, app.state.files.map((file) => ({ value: file.path, label: file.name })));
  });
  session.addEventListener("change", () => {
    for (const [name, row] of rows) show(row, session.can(name));
    show(changes, rows.some(([name]) => session.can(name)));
  });
  return panel(
    "Security registers",
    h("p", { class: "hint" }, "A few hundred bytes beside the flash that a dump does not hold. Some operators lock a board by them."),
    h("div", { class: "actions" }, button("otp", "Read the registers", read, "primary")),
    changes,
    box,
    place,
  );
}

/** Rows of sixteen bytes; equal rows are folded. */
function dump(data) {
  const lines = [];
  let before = "";
  let folded = false;
  for (let at = 0; at < data.length; at += 32) {
    const row = data.slice(at, at + 32);
    if (row === before) {
      if (!folded) lines.push("*");
      folded = true;
      continue;
    }
    [before, folded] = [row, false];
    const bytes = row.match(/../g);
    const text = bytes.map((byte) => String.fromCharCode(parseInt(byte, 16))).map((c) => (c >= " " && c <= "~" ? c : "·"));
    lines.push(`${(at / 2).toString(16).padStart(4, "0")}  ${bytes.join(" ").padEnd(47)}  ${text.join("")}`);
  }
  return lines.join("\n");
}
