// A client of the engine for the tests: operations one after the other, each line kept.

globalThis.bench = (async () => {
  const { connect } = await import("/engine/transport.js");
  const engine = await connect();
  const lines = [];
  let heard = () => {};
  engine.onLine((line) => {
    lines.push(line);
    heard();
  });
  const next = async (test) => {
    for (;;) {
      const at = lines.findIndex(test);
      if (at >= 0) return lines.splice(at, 1)[0];
      await new Promise((resolve) => (heard = resolve));
    }
  };
  let count = 0;
  /** The last line of an operation; `answers` gives the answer to each question. */
  const run = async (name, options = {}, answers = {}) => {
    const id = ++count;
    engine.send({ id, do: name, options });
    for (;;) {
      const line = await next((one) => one.id === id && (one.final || one.event === "question"));
      if (line.final) return line;
      for (const answer of await answers[line.kind](line)) engine.send({ id, ...answer });
    }
  };
  const sha256 = async (blob) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const counts = () => {
    lastWorker.postMessage({ usbCounts: true });
    return next((one) => one.event === "counts");
  };
  return { engine, run, next, lines, sha256, counts };
})();
