"""run.py CASES FOLDER NORSPLICE [NAME...]: runs the cases on inputs that make.py built; tests/outside.rs calls it."""
import json, os, re, shlex, subprocess, sys


def values(value, path):
    """All values at a path: a.b, a[*] every element, a[key=text] those whose key is the text."""
    found = [value]
    for name, choice in re.findall(r"([^.\[\]]+)?(?:\[([^\]]*)\])?\.?", path):
        if name:
            found = [v[name] for v in found if isinstance(v, dict) and name in v]
        if choice:
            found = [e for v in found if isinstance(v, list) for e in v]
            key, is_, text = choice.partition("=")
            if is_:
                found = [e for e in found if isinstance(e, dict) and str(e.get(key)) == text]
    return found


def text(value): return value if isinstance(value, str) else json.dumps(value)


def wrong(check, code, result, fill):
    """Why a check does not hold; None where it does."""
    word, _, rest = check.partition(" ")
    if word == "cmp":
        out, right = (fill(part) for part in rest.split())
        if not os.path.exists(out):
            return "no " + os.path.basename(out)
        a, b = open(out, "rb").read(), open(right, "rb").read()
        if a == b:
            return None
        at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        return "%s differs at %#x (%#x and %#x bytes)" % (os.path.basename(right), at, len(a), len(b))
    if word == "nofile":
        return "a file was written" if os.path.exists(fill(rest)) else None
    path, _, rest = rest.partition(" ")
    op, _, wanted = rest.partition(" ")
    found = [text(v) for v in values(result, path)]
    holds = {
        "is": lambda: bool(found) and all(v == wanted for v in found),
        "has": lambda: any(wanted.lower() in v.lower() for v in found),
        "lacks": lambda: not any(wanted.lower() in v.lower() for v in found),
        "some": lambda: bool(found),
        "none": lambda: not found,
    }[op]()
    return None if holds else "%s %s %s: %s" % (path, op, wanted, (", ".join(found) or "nothing")[:100])


def run(row, folder, program):
    name, _, _, code, command, checks = row
    out = os.path.join(folder, "out", name)
    fill = lambda t: t.replace("{dir}", folder).replace("{out}", out)
    words = [program, "--json", "--store", os.path.join(folder, "store")] + [fill(w) for w in shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    result = json.loads(lines[-1]) if lines else {}
    why = [] if done.returncode == int(code) else ["exit %d, not %s" % (done.returncode, code)]
    if why and result.get("message"):
        why[0] += " (%s)" % result["message"][:140]
    elif why and done.stderr.strip():
        why[0] += " (%s)" % done.stderr.strip().splitlines()[0][:140]
    return why + [w for w in (wrong(c.strip(), done.returncode, result, fill) for c in checks.split(" ; ") if c.strip()) if w]


def main(cases, folder, program, *names):
    os.makedirs(os.path.join(folder, "out"), exist_ok=True)
    program = os.path.abspath(program) if os.path.exists(program) else program
    rows = [line.rstrip("\n").split("\t") for line in open(cases) if line.strip() and not line.startswith("#")]
    failed = total = 0
    for row in rows[1:]:
        if names and not row[0].startswith(names):
            continue
        total += 1
        why = run(row, folder, program)
        if why:
            failed += 1
            print("failed: %-24s %-8s %s" % (row[0], row[2], " ".join("; ".join(why).split()).replace(folder + "/", "")))
    print("%d passed, %d failed" % (total - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
