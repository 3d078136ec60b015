# What cases do in the guest: start the server, plug devices in and out. All of it fails loudly and in bounded time.

say() { echo "-- $*"; }
fail() { echo "FAIL: $*"; exit 1; }

# wait_for WHAT COMMAND...: until the command succeeds, 60 s at most.
wait_for() {
    what=$1; shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "waited in vain for $what"
        sleep 0.1
    done
}

# serve DEVICE...: offers emulated devices by USB/IP, as `norsplice emulate` takes them.
serve() {
    rm -f /tmp/server.out
    norsplice --json emulate "$@" >/tmp/server.out 2>/tmp/server.err &
    server=$!
    wait_for "the USB/IP server" grep -q listening /tmp/server.out
}

# end_server: by SIGTERM, so that it saves its chips.
end_server() {
    kill -TERM $server
    wait $server || { cat /tmp/server.err; fail "the server ended with code $?"; }
}

# attach BUS_ID: plugs an offered device in; $device is then its name in the guest's sysfs.
attach() {
    before=$(devices)
    usbip attach -r 127.0.0.1 -b "$1" || fail "usbip attach"
    wait_for "the device" new_device
    device=$(devices | grep -vxF "$before" | head -1)
    say "$1 is plugged in as $device: $(cat /sys/bus/usb/devices/$device/idVendor /sys/bus/usb/devices/$device/idProduct | tr '\n' ' ')"
}
devices() { (cd /sys/bus/usb/devices && ls -d [0-9]*-[0-9]* 2>/dev/null | grep -v :) || true; }
new_device() { [ "$(devices)" != "$before" ] && devices | grep -vxF "$before" | grep -q .; }

# detach PORT: pulls the device out of the virtual hub's port.
detach() { usbip detach -p "$1" || fail "usbip detach"; }

# watch FILE: records what goes over the bus of $device, by the kernel's usbmon, until end_watch.
watch() {
    modprobe usbmon
    wait_for "usbmon" test -c /dev/usbmon0
    cat "/dev/usbmon$(cat /sys/bus/usb/devices/$device/busnum)" >"$1" &
    watcher=$!
}
end_watch() { kill $watcher; wait $watcher || true; }

# expect CODE COMMAND...: runs it, shows it, and wants that exit code. stdout goes to /tmp/out as well.
expect() {
    wanted=$1; shift
    say "$*"
    code=0
    "$@" >/tmp/out 2>/tmp/err || code=$?
    cat /tmp/out /tmp/err
    [ $code = "$wanted" ] || fail "exit code $code, not $wanted"
}
