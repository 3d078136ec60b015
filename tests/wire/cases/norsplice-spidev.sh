# norsplice on the kernel's own spidev: its messages, on a controller without a chip (spi-butterfly, on qemu's parallel port).
# What this cannot show: bytes of a chip, for no driver of Debian's kernels for this machine has a chip behind it. GPIO lines are those of gpio-sim,
# which Debian 12's kernel does not have: WIRE_KERNEL names one that has it.

before() { :; }

inside() {
    modprobe parport_pc
    modprobe spi-butterfly
    wait_for "an SPI device" test -e /sys/bus/spi/devices/spi42.1
    place=spidev:dev=/dev/spidev42.1
    # No driver has it yet.
    expect 5 norsplice -p $place probe
    grep -q "no driver has spi42.1" /tmp/err
    echo spidev >/sys/bus/spi/devices/spi42.1/driver_override
    echo spi42.1 >/sys/bus/spi/drivers/spidev/bind
    wait_for "its node" test -c /dev/spidev42.1
    expect 0 norsplice list
    grep -q /dev/spidev42.1 /tmp/out
    # Messages of many windows, their pauses, the measured clock: nothing that the kernel refuses.
    expect 0 norsplice -p $place selftest
    expect 0 norsplice -p $place,plain selftest
    # The data line is constant.
    expect 5 norsplice -p $place probe
    grep -q "no chip answers" /tmp/err
    # Another program has it.
    norsplice --wait -p $place probe >/dev/null 2>&1 &
    holder=$!
    # Asked without opening it: whoever opens it first has it.
    holds() { ls -l /proc/$holder/fd | grep -q spidev42.1; }
    wait_for "another program to have it open" holds
    expect 1 norsplice -p $place probe
    grep -q "is in use by another program" /tmp/err
    kill -INT $holder
    wait $holder || true
    expect 5 norsplice -p $place probe
    expect 1 norsplice -p $place,reset=gpiochip9/17 probe
    grep -q "there is no GPIO chip" /tmp/err
    if modprobe gpio-sim; then gpio_lines; else say "ATTENTION: this kernel has no gpio-sim: no GPIO line was held"; fi
}

# A line is held low while norsplice works and is an input again when it ends, whichever way.
gpio_lines() {
    [ -d /sys/kernel/config/gpio-sim ] || mount -t configfs none /sys/kernel/config
    bank=/sys/kernel/config/gpio-sim/bench/bank
    mkdir -p $bank
    echo 32 >$bank/num_lines
    mkdir -p $bank/line5/hog
    echo output-high >$bank/line5/hog/direction
    echo 1 >${bank%/*}/live
    chip=$(cat $bank/chip_name)
    line=/sys/devices/platform/$(cat ${bank%/*}/dev_name)/$chip/sim_gpio17
    # A board's pull-up: what the line shows when no one drives it.
    echo pull-up >$line/pull
    high() { [ "$(cat $line/value)" = 1 ]; }
    low() { [ "$(cat $line/value)" = 0 ]; }
    high || fail "the line is not pulled up"
    for signal in INT KILL; do
        norsplice --wait -p $place,reset=$chip/17 probe >/dev/null 2>&1 &
        holder=$!
        wait_for "the line to be held low" low
        kill -$signal $holder
        wait $holder || true
        wait_for "the line to be an input again" high
    done
    # One that the kernel itself holds, and one that there is not.
    for other in 5 32; do
        expect 1 norsplice -p $place,reset=$chip/$other probe
        grep -q "GPIO line $chip/$other cannot be had" /tmp/err
    done
    expect 5 norsplice -p $place,reset=$chip/17:high,wp=$chip/3 probe
    say "lines of gpio-sim are held and let go"
}

after() { :; }
