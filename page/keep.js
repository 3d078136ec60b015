// Where the engine's store may vanish: the backup is saved outside of the browser, and read back from where it was saved.

import { button, bytes, facts, fill, h, save } from "./dom.js";

async function sha256(blob) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The controls that answer a question of the kind "keep-backup". */
export function kept(session, line) {
  const said = h("p", { role: "status" });
  const file = line.file.split(/[\\/]/).pop();
  const name = file === "flash.bin" ? `${line.backup}.bin` : `${line.backup}-${file}`;
  const answer = async (blob) => {
    const sum = await sha256(blob);
    if (sum !== line.sha256) fill(said, "That is another file: its contents are not those of the backup.");
    session.answer(true, sum);
  };
  const choose = h("input", { type: "file", do: "kept-file", "aria-label": "the file that was saved" });
  choose.addEventListener("change", () => choose.files[0] && answer(choose.files[0]));
  const keep = async () => {
    try {
      // The place first: the browser asks for it only right after a click.
      const place = window.showSaveFilePicker ? await window.showSaveFilePicker({ suggestedName: name }) : null;
      const contents = await session.transport.getFile(line.file);
      if (!place) {
        save(contents, name);
        return fill(said, "Downloaded. Choose the saved file below, to prove that it is there.");
      }
      const writing = await place.createWritable();
      await writing.write(contents);
      await writing.close();
      await answer(await place.getFile());
    } catch (error) {
      fill(said, error.message);
    }
  };
  return h(
    "div",
    {},
    h("p", {}, "A browser may clear the storage of a page. So nothing is erased on the chip before this part of the backup is saved as a file and read back."),
    facts([["backup", line.backup], ["holds", file === "flash.bin" ? "the contents of the flash" : file.replace(/\.bin$/, "").replaceAll("-", " ")], ["size", bytes(line.size)], ["sha256", line.sha256]]),
    h("div", { class: "actions" }, button("keep-backup", "Save it…", keep, "primary")),
    h("div", { class: "field" }, h("label", {}, "Saved already? Choose the file: ", choose)),
    said,
  );
}
