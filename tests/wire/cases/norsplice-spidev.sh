# norsplice on the kernel's own spidev: its messages, on a controller without a chip (spi-butterfly, on qemu's parallel port).
# What this cannot show: bytes of a chip, and GPIO lines; Debian's kernel for this machine has no gpio-sim.

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
    expect 1 norsplice -p $place,reset=gpiochip0/17 probe
    grep -q "there is no GPIO chip" /tmp/err
}

after() { :; }
