#!/usr/bin/env python3
"""A client of `norsplice session`: rewrites the board on the clip after showing the plan. Nothing but Python is needed.

    session.py [-p SPEC] [--store DIR] BOARD DONOR        NORSPLICE names the program, if it is not on the PATH
"""
import json, os, subprocess, sys


class Session:
    """A process that keeps the conversation: requests go in, lines come out."""

    def __init__(self, options):
        program = os.environ.get("NORSPLICE", "norsplice")
        self.process = subprocess.Popen([program, "session", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.id = 0
        hello = self.next()
        assert hello["protocol"] == 1, "another protocol: %s" % hello

    def send(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)

    def next(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the session has ended")
        return json.loads(line)

    def do(self, operation, **options):
        """Yields each line of one request; the last one has "final"."""
        self.id += 1
        self.send(id=self.id, do=operation, options=options)
        while True:
            line = self.next()
            yield line
            if line.get("final"):
                return

    def answer(self, question, confirmed):
        said = {"answer": "yes", "digest": question["digest"]} if confirmed else {"answer": "no"}
        self.send(id=question["id"], **said)


def main():
    *options, board, donor = sys.argv[1:]
    session = Session(options)
    for line in session.do("rewrite", board=board, donors=[donor]):
        if line["event"] == "question":
            planned = line["planned"]
            print("erase %(bytes_erased)d bytes, program %(bytes_programmed)d, in about %(ms)d ms" % planned)
            session.answer(line, input("write this? [y/N] ").lower() == "y")
        elif line["event"] in ("stage", "note", "warning"):
            print(line.get("stage") or line["message"])
        elif line.get("final"):
            print("%s: the chip is %s" % (line.get("message", "done"), line.get("chip", "not touched")))
            sys.exit(line["event"] != "result")


if __name__ == "__main__":
    main()
