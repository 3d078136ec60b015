# Packages of Debian, fetched by apt and unpacked into folders of $work; nothing is installed. Sourced by tests/wire/run and
# tests/ovmf/run. Exit code 77 says that it cannot run here, and why.

export LC_ALL=C
cannot() { echo "ATTENTION: the $judges cannot run here: $*" >&2; exit 77; }

for tool in apt-get apt-cache dpkg-deb cargo; do
    command -v $tool >/dev/null || cannot "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || cannot "the guest is an amd64 machine"

host_packages="qemu-system-x86 seabios"

# A package and everything it depends on.
closure() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$@" | grep '^[a-z0-9]' | grep -v ':i386$' | sort -u
}

# fetch FOLDER PACKAGE...: downloads the packages and unpacks them into the folder.
fetch() {
    into=$1; shift
    [ -e "$work/$into.done" ] && return
    rm -rf "$work/$into" "$work/debs"; mkdir -p "$work/$into" "$work/debs"
    # Packages that exist by name only (virtual ones) are left out.
    real=$(apt-cache show --no-all-versions "$@" 2>/dev/null | sed -n 's/^Package: //p' | sort -u)
    # shellcheck disable=SC2086
    (cd "$work/debs" && apt-get download -q $real >"$work/apt.log" 2>&1) \
        || { tail -5 "$work/apt.log" >&2; cannot "apt could not fetch $into (is 'apt-get update' due?)"; }
    for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/$into"; done
    rm -rf "$work/debs"
    : >"$work/$into.done"
}

mkdir -p "$work"
# qemu with its own loader and libraries, for $limit seconds at most. With instead=exec it takes the place of its shell, so
# that a signal reaches it.
libraries=$work/host/lib/x86_64-linux-gnu:$work/host/usr/lib/x86_64-linux-gnu:$work/host/usr/lib/x86_64-linux-gnu/pulseaudio
qemu() {
    export QEMU_MODULE_DIR=$work/host/usr/lib/x86_64-linux-gnu/qemu
    ${instead:-} timeout --foreground "$limit" \
        "$work/host/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" \
        "$work/host/usr/bin/qemu-system-x86_64" -L "$work/host/usr/share/qemu" -L "$work/host/usr/share/seabios" "$@"
}
