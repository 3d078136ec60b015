// How the page reaches its engine: one line, exchanged where the engine runs elsewhere.
//
// connect() gives, at once or later,
//   send(object)              one request, answer or cancel of the session protocol
//   onLine(callback)          each line in answer, as an object; a line {"event":"tab"} says whether this tab is in charge
//   onClose(callback)         the engine is gone; connect() may be tried again
//   take()                    this tab wants to be in charge
//   putFile(name, blob)       hands a file over; its path comes back
//   getFile(path)             the bytes of a file that an operation has written, as a Blob
//   reportAddress(path)       where a report can be opened, or null
//   folder()                  the folder that operations may write files into
//   storesIn                  what the store is in where it has no folder of the machine, or null
//   plugs                     what says "connect" and "disconnect" as programmers are plugged in and out, or null
//   chooseDevice              asks the browser for a programmer; null where the engine opens it by itself
export { connect } from "./transport-ws.js";
