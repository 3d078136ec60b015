# ftdi_sio claims the FT2232H's ports: it is detached for the time of a run and given back, on every way out.

before() { head -c 8388608 /dev/urandom >old.bin; }

# The kernel driver of an interface of the device.
driver() { basename "$(readlink "/sys/bus/usb/devices/$device:1.$1/driver" 2>/dev/null)" 2>/dev/null; }
claimed() { [ "$(driver 0)" = ftdi_sio ] && [ "$(driver 1)" = ftdi_sio ]; }
taken() { [ "$(driver 0)" != ftdi_sio ]; }

inside() {
    modprobe ftdi_sio
    serve "programmer=ft2232h,image=/share/old.bin"
    attach 1-1
    wait_for "ftdi_sio" claimed
    expect 0 norsplice probe
    claimed || fail "not given back after probe: $(driver 0), $(driver 1)"
    say "read, while looking who has the port"
    norsplice -q read /tmp/read.bin --passes 1 &
    reader=$!
    wait_for "the port to be taken" taken
    [ "$(driver 1)" = ftdi_sio ] || fail "port B was taken as well"
    wait $reader || fail "read"
    cmp /tmp/read.bin old.bin
    claimed || fail "not given back after read"
    say "read, broken off by a signal"
    norsplice read /tmp/again.bin &
    reader=$!
    wait_for "the port to be taken" taken
    kill -TERM $reader
    code=0; wait $reader || code=$?
    [ $code = 1 ] || fail "exit code $code after a signal, not 1"
    claimed || fail "not given back after a signal"
    [ ! -e /tmp/again.bin ] || fail "half a file was left"
    end_server
}

after() { :; }
