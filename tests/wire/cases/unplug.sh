# The programmer is pulled out in the middle of a read and of a write; a new run, resume and undo put it right.

before() {
    head -c 8388608 /dev/urandom >old.bin
    cp old.bin new.bin
    head -c 1048576 /dev/urandom | dd of=new.bin bs=4096 seek=300 conv=notrunc status=none
}

# transfers COMMAND...: runs it on a fresh chip with an empty store, and says how many USB transfers it takes.
transfers() {
    rm -rf /tmp/trial /tmp/trial.store
    serve "programmer=ft2232h,image=/share/old.bin,state=/tmp/trial,counts=/tmp/trial.json"
    attach 1-1 >/dev/null
    norsplice -q --yes --store /tmp/trial.store "$@" >/dev/null || fail "$* without a fault"
    end_server >/dev/null
    sed 's/.*"transfers":\([0-9]*\).*/\1/' /tmp/trial.json
}

inside() {
    backup=$(transfers backup)
    write=$(transfers write new.bin)
    say "backup takes $backup transfers, write $write"

    say "pulled out in the middle of a read"
    serve "programmer=ft2232h,image=/share/old.bin,fault=unplug:$((backup / 2))"
    attach 1-1
    expect 1 norsplice read /tmp/read.bin
    grep -qi "disappeared\|unplugged" /tmp/err || fail "the message does not say so"
    [ ! -e /tmp/read.bin ] || fail "half a file was left"
    wait_for "the device to go" sh -c "[ ! -e /sys/bus/usb/devices/$device ]"
    expect 5 norsplice probe
    attach 1-1
    expect 0 norsplice read /tmp/read.bin
    cmp /tmp/read.bin old.bin
    end_server

    # Late in the writing: a slow machine takes more transfers for the reads before it than the trial did.
    for way in "resume" "resume --undo"; do
        say "pulled out in the middle of a write, then $way"
        rm -rf /tmp/chip /tmp/store
        serve "programmer=ft2232h,image=/share/old.bin,state=/tmp/chip,fault=unplug:$(((backup + 3 * write) / 4))"
        attach 1-1
        expect 3 norsplice --yes --store /tmp/store write new.bin
        grep -q "norsplice.* resume" /tmp/err || fail "the resume command is not printed"
        wait_for "the device to go" sh -c "[ ! -e /sys/bus/usb/devices/$device ]"
        attach 1-1
        # Half of it is new and half is old: nobody may take it for a backup, or write on as if nothing had happened.
        expect 3 norsplice --yes --store /tmp/store backup
        expect 3 norsplice --yes --store /tmp/store write new.bin
        # shellcheck disable=SC2086
        expect 0 norsplice --yes --store /tmp/store $way
        end_server
        case $way in *undo) cmp /tmp/chip/flash.bin old.bin ;; *) cmp /tmp/chip/flash.bin new.bin ;; esac
    done
}

after() { :; }
