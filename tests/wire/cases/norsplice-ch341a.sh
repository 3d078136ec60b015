# norsplice over the real libusb on a CH341A: probe, backup and write, otp dump; then flashrom reads what it wrote.

before() {
    head -c 8388608 /dev/urandom >old.bin
    head -c 100000 /dev/urandom >patch.bin
    cp old.bin new.bin
    dd if=patch.bin of=new.bin bs=1 seek=$((0x123450)) conv=notrunc status=none
    # An emulated chip with bytes in its second security register.
    "$NORSPLICE" -q -p emu:image=old.bin,state=chip probe >/dev/null
    awk '/"security"/ { inside = 1 } inside && /^ *\[/ { n++ } n == 2 && k < 16 && sub("255", 65 + k) { k++ } 1' \
        chip/chip.json >edited && mv edited chip/chip.json
}

inside() {
    cp -r chip /tmp/chip
    serve "state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    expect 0 norsplice list
    expect 0 norsplice --json probe
    cp /tmp/out probe.json
    expect 0 norsplice --yes --store /tmp/store write patch.bin --at 0x123450
    cp -r /tmp/store store
    expect 0 norsplice otp dump otp
    expect 0 norsplice --yes --dry-run --store /tmp/store write patch.bin --at 0x123450
    flashrom -p ch341a_spi -c "W25Q64BV/W25Q64CV/W25Q64FV" -r flashrom.bin
    end_server
    cp /tmp/chip/flash.bin left.bin
}

after() {
    grep -q '"jedec_id":"ef4017"' probe.json && grep -q '"part":"W25Q64FV"' probe.json
    cmp left.bin new.bin
    cmp flashrom.bin new.bin
    set -- $(find store -name flash.bin)
    cmp "$1" old.bin
    printf 'ABCDEFGHIJKLMNOP' | cmp - otp/security-register-2.bin -n 16
    [ "$(wc -c <otp/security-register-1.bin)" = 256 ]
    cat counts.json
}
