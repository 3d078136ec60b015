// Keeps the page in the browser: it works offline after the first visit. `.ci/page` puts this beside index.html, with the
// list of files and their common digest in place of FILES.

const { name, files } = FILES;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((other) => other.startsWith("norsplice-") && other !== name));
  event.waitUntil(old.then((names) => Promise.all(names.map((other) => caches.delete(other)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const own = caches.open(name).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(own.then((kept) => kept ?? fetch(event.request)));
});
