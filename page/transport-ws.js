// The engine behind the local server: the session over a WebSocket, files over HTTP.

const base = new URL(".", location.href);

const nameOf = (path) => path.split(/[\\/]/).pop();

async function checked(answer) {
  if (!answer.ok) throw new Error((await answer.text()).trim() || `the program answered ${answer.status}`);
  return answer;
}

export function connect() {
  return new Promise((resolve, reject) => {
    const address = new URL("session", base);
    address.protocol = "ws:";
    const socket = new WebSocket(address);
    const lines = [];
    let take = (line) => lines.push(line);
    let closed = () => {};
    let folder = "";
    socket.onmessage = (message) => {
      const line = JSON.parse(message.data);
      if (line.event === "tab") folder = line.folder;
      take(line);
    };
    socket.onclose = () => {
      closed();
      reject(new Error("norsplice does not answer: it was ended, or the address is an old one"));
    };
    socket.onopen = () =>
      resolve({
        send: (object) => socket.send(JSON.stringify(object)),
        onLine(callback) {
          take = callback;
          for (const line of lines.splice(0)) callback(line);
        },
        onClose(callback) {
          closed = callback;
        },
        take: () => socket.send('{"tab":"take"}'),
        async putFile(name, blob) {
          const address = new URL(`files/${encodeURIComponent(name)}`, base);
          return (await (await checked(await fetch(address, { method: "PUT", body: blob }))).json()).path;
        },
        async getFile(path) {
          return (await checked(await fetch(new URL(`files/${encodeURIComponent(nameOf(path))}`, base)))).blob();
        },
        reportAddress: (path) => new URL(`view/${encodeURIComponent(nameOf(path))}`, base).href,
        folder: () => folder,
        storesIn: null,
        plugs: null,
        chooseDevice: null,
      });
  });
}
